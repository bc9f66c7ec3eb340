import { expect, it } from "vitest";
import { CHANGE, PROFILE } from "../../../tests/profiles";
import { ApiError } from "../api/errors";
import type { ChangedSample } from "../profiles/api";
import { accuracyInWords, effectInWords, isMissing, versionRows, weakeningInWords } from "./words";

const sample = (label: number, before: number | null, after: number | null): ChangedSample => ({
  id: "0".repeat(32),
  label,
  before: { digit: before, confidence: 0.5 },
  after: { digit: after, confidence: 0.5 },
});

it("tells the effect on the digits that were learned", () => {
  const digits = [sample(4, 9, 4), sample(5, null, 5), sample(6, 6, 6)];
  expect(effectInWords(digits)).toBe("Of these 3 digits, 1 was right before, and 3 are now.");
  const one = (before: number, after: number) => effectInWords([sample(4, before, after)]);
  expect(one(9, 4)).toBe("It was wrong before, and is right now.");
  expect(one(9, 9)).toBe("It was wrong before, and still is.");
  expect(one(4, 4)).toBe("It was right before, and is now.");
  expect(one(4, 9)).toBe("It was right before, and is not now.");
});

it("tells whether the change was weakened", () => {
  const weakened = (strength: number) => weakeningInWords({ ...CHANGE.personal_model, strength });
  expect(weakened(1)).toBeNull();
  expect(weakened(0.6)).toContain("weakened to 60%");
  expect(weakened(0.6)).toContain("98.9%, and 99.0% before");
  expect(weakened(0)).toContain("left as it was");
});

it("tells the accuracy and the versions", () => {
  const right = { samples: 1, right_before: 0, right_after: 1, by_digit: [] };
  expect(accuracyInWords({ ...right, personal_model: CHANGE.personal_model })).toBe(
    "Of your 1 sample, the model recognizes 0 without your handwriting, and 1 with it.",
  );
  expect(versionRows(PROFILE.versions).map((row) => row.slice(0, 4))).toEqual([
    ["2", "added", "+1", "3"],
    ["1", "added", "+2", "2"],
  ]);
});

it("knows a sample that was deleted elsewhere", () => {
  const error = (status: number) => new ApiError({ kind: "http_error", status, detail: "" });
  expect([error(404), error(500), new Error()].map(isMissing)).toEqual([true, false, false]);
});
