import { expect, it } from "vitest";
import { digitChange, digitsChange, limitText, numberChange } from "./changeText";

const sample = (label: number, before: number | null, after: number | null) => ({
  id: "0".repeat(32),
  label,
  before: { digit: before, confidence: 0.713 },
  after: { digit: after, confidence: 0.931 },
});

it("tells what one digit was and is", () => {
  expect(digitChange(sample(4, 9, 4))).toBe("Before: 9 (71.3%). Now: 4 (93.1%).");
  expect(digitChange(sample(1, null, 1))).toBe("Before: not a digit. Now: 1 (93.1%).");
});

it("tells what a number was and is", () => {
  expect(numberChange([sample(3, 3, 3), sample(6, 5, 6), sample(1, 1, null)])).toBe(
    "Before: 351. Now: 36–.",
  );
});

it("counts what is right of several digits", () => {
  expect(digitsChange([sample(3, 3, 3), sample(6, 5, 6), sample(1, null, 7)])).toBe(
    "Before: 1 of 3 right. Now: 2 of 3.",
  );
});

it("says if the effect is limited, or none", () => {
  const model = { model: { name: "m", digest: "0" }, others_before: 0.9, others_after: 0.9 };
  expect(limitText({ ...model, strength: 1 })).toBe("");
  expect(limitText({ ...model, strength: 0.5 })).toContain("limited");
  expect(limitText({ ...model, strength: 0 })).toContain("no effect yet");
});
