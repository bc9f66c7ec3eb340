import { expect, it } from "vitest";
import { addStroke, newNumberDrawing, withStrokes } from "./drawing";
import { correctionAt } from "./numberEdits";
import type { Stroke } from "./strokes";

const stroke = (x: number): Stroke => ({
  points: [
    [x, 50, 0.5],
    [x + 4, 150, 0.5],
  ],
  width: 16,
  hasPressure: false,
});
const BOX = [90, 40, 30, 120] as const;
const corrected = {
  ...newNumberDrawing({ strokes: [stroke(100), stroke(300)] }),
  edits: { corrections: [{ box: BOX, digit: 7 }], choice: null },
};

it("a correction stays while other digits are written and erased", () => {
  const longer = addStroke(corrected, stroke(500), "x");
  expect(longer.edits).toEqual(corrected.edits);
  expect(withStrokes(longer, longer.strokes.slice(0, 1)).edits).toEqual(corrected.edits);
});

it("a correction ends when its digit is erased or changed", () => {
  expect(withStrokes(corrected, [stroke(300)]).edits.corrections).toEqual([]);
  expect(addStroke(corrected, stroke(102), "x").edits.corrections).toEqual([]);
});

it("a stroke on an image starts without corrections", () => {
  const image = { name: "", url: "data:image/png;base64,AAAA", transparent: false };
  const fresh = addStroke({ ...corrected, image }, stroke(500), "x");
  expect(fresh).toMatchObject({ id: "x", image: null, edits: { corrections: [] } });
  expect(fresh.strokes).toHaveLength(1);
});

it.each([
  [[92, 44, 30, 112], true],
  [[90, 40, 90, 120], false],
  [[130, 40, 30, 120], false],
  [[0, 0, 0, 0], false],
] as const)("a correction of a digit is found at %j: %s", (box, found) => {
  expect(correctionAt(corrected.edits, box)?.digit).toBe(found ? 7 : undefined);
});
