// @vitest-environment happy-dom

import { afterEach, expect, it } from "vitest";
import { SEEN } from "../../../tests/fixtures";
import { PROFILE } from "../../../tests/profiles";
import type { ProfileSample } from "../profiles/api";
import { fileNameOf, sampleAgain } from "./files";
import { loadPending, newSampleOf, type PendingDigit, savePending, withoutKept } from "./pending";

const DIGIT: PendingDigit = {
  id: "a",
  label: 4,
  strokes: [
    {
      points: [
        [10.01, 20.5, 0.5],
        [30, 40, 0.5],
      ],
      width: 16,
      hasPressure: false,
    },
  ],
  seen: null,
};
const SAMPLE: ProfileSample = {
  id: "0".repeat(32),
  label: 4,
  source: "drawn",
  time: PROFILE.created,
  seen: SEEN,
  // As float32.
  strokes: [
    {
      points: [
        [10.0100002, 20.5],
        [30, 40],
      ],
      width: 16,
    },
  ],
};

afterEach(() => window.sessionStorage.clear());

it("survives a reload, unless it is damaged", () => {
  savePending([DIGIT]);
  expect(loadPending()).toEqual([DIGIT]);
  window.sessionStorage.setItem("inkdigits.handwriting-pending", '[{"label": 12}]');
  expect(loadPending()).toEqual([]);
  savePending([]);
  expect(window.sessionStorage.length).toBe(0);
});

it("is not sent twice: what the server has is recognized by its label and strokes", () => {
  const pending = [DIGIT];
  expect(withoutKept(pending, [SAMPLE])).toEqual([]);
  for (const other of [
    { ...SAMPLE, label: 9 },
    { ...SAMPLE, strokes: null },
    { ...SAMPLE, strokes: [{ points: [[10.01, 20.5]], width: 16 }] },
    {
      ...SAMPLE,
      strokes: [
        {
          points: [
            [10.01, 20.5],
            [30, 41],
          ],
          width: 16,
        },
      ],
    },
  ]) {
    expect(withoutKept(pending, [other])).toBe(pending);
  }
});

it("is sent as strokes without pressure, and so is a sample that was deleted", () => {
  const sent = newSampleOf(DIGIT);
  const points = [
    [10.01, 20.5],
    [30, 40],
  ];
  expect(sent).toEqual({ label: 4, source: "drawn", strokes: [{ points, width: 16 }] });
  expect(sampleAgain(SAMPLE)).toMatchObject({ label: 4, strokes: SAMPLE.strokes });
  const picture = { ...SAMPLE, strokes: null };
  expect(sampleAgain(picture)).toEqual({ label: 4, image: SEEN, source: "drawn" });
  expect(sampleAgain({ ...picture, source: "form" })).toMatchObject({ source: "image" });
});

it("names the exported file after the profile", () => {
  expect(fileNameOf("Zoë's hand / 2")).toBe("Zoe-s-hand-2.profile.json");
  expect(fileNameOf("手書き")).toBe("handwriting.profile.json");
});
