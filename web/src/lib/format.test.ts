import { expect, it } from "vitest";
import { bytes, confidenceLabel, count, digitName, formatPercent } from "./format";

it.each([
  [0, "0.0%"],
  [0.0004, "<0.1%"],
  [0.123, "12.3%"],
  [0.9994, "99.9%"],
  [0.99999, "99.9%"],
  [1, "100%"],
])("says %f as %s", (probability, words) => {
  expect(formatPercent(probability)).toBe(words);
});

it("is less sure in words as in numbers", () => {
  const words = [1, 0.95, 0.8, 0.6, 0.2].map(confidenceLabel);
  expect(new Set(words).size).toBe(5);
  expect(words[0]).toBe("Almost certain");
});

it("names digits, counts and sizes", () => {
  expect(digitName(7)).toBe("seven");
  expect(count(84027)).toBe("84,027");
  expect([bytes(900), bytes(336_108), bytes(4_200_000)]).toEqual(["900 bytes", "336 kB", "4.2 MB"]);
});
