import { expect, it } from "vitest";
import {
  confidenceLabel,
  digitName,
  formatBytes,
  formatCount,
  formatPercent,
  withArticle,
} from "./format";

it.each([
  [0, "0.0%"],
  [0.0004, "<0.1%"],
  [0.123, "12.3%"],
  [0.9994, "99.9%"],
  [0.99999, "99.9%"],
  [1, "100%"],
])("formats the probability %f as %s", (probability, text) => {
  expect(formatPercent(probability)).toBe(text);
});

it("has a label for each range of confidence", () => {
  const labels = [1, 0.95, 0.8, 0.6, 0.2].map(confidenceLabel);
  expect(new Set(labels).size).toBe(5);
  expect(labels[0]).toBe("Almost certain");
});

it("names digits", () => {
  expect(digitName(7)).toBe("seven");
  expect([withArticle("0"), withArticle("8")]).toEqual(["a 0", "an 8"]);
});

it("formats counts and sizes", () => {
  expect(formatCount(84_027)).toBe("84,027");
  expect([900, 336_108, 4_200_000].map(formatBytes)).toEqual(["900 bytes", "336 kB", "4.2 MB"]);
});
