import { describe, expect, it } from "vitest";
import { sampleStrokes } from "./digitPaths";
import { newFreehandDrawing, newNumberDrawing, newPixelDrawing } from "./drawing";
import { decodeDrawing, encodeDrawing, MAX_TEXT_LENGTH } from "./drawingLink";
import type { Stroke } from "./strokes";

const strokes: readonly Stroke[] = [
  { points: [[1.37, 2.5, 0.5]], width: 16, hasPressure: false },
  {
    points: [
      [-12.25, 280, 0],
      [290.99, -3, 1],
      [14, 15, 0.43],
    ],
    width: 6.5,
    hasPressure: true,
  },
];

describe("the text of a drawing", () => {
  it.each([newFreehandDrawing, newNumberDrawing])(
    "has its strokes, to an eighth of a unit",
    (make) => {
      const drawing = make({ strokes });
      const decoded = decodeDrawing(encodeDrawing(drawing) ?? "");
      if (!decoded || decoded.mode === "pixels") throw new Error("not decoded");
      expect(decoded).toMatchObject({ mode: drawing.mode, image: null });
      expect(decoded.id).not.toBe(drawing.id);
      expect(decoded.strokes.map(({ width, hasPressure }) => [width, hasPressure])).toEqual([
        [16, false],
        [6.5, true],
      ]);
      strokes.forEach(({ points }, index) => {
        const others = decoded.strokes[index]?.points ?? [];
        expect(others).toHaveLength(points.length);
        points.forEach(([x, y, pressure], place) => {
          const [otherX = 0, otherY = 0, otherPressure = 0] = others[place] ?? [];
          expect(Math.abs(otherX - x)).toBeLessThanOrEqual(0.125);
          expect(Math.abs(otherY - y)).toBeLessThanOrEqual(0.125);
          expect(Math.abs(otherPressure - pressure)).toBeLessThanOrEqual(0.002);
        });
      });
      // A second link is the same: nothing is lost again.
      expect(encodeDrawing(decoded)).toBe(encodeDrawing(drawing));
    },
  );
  it("has all pixels", () => {
    const grid = Array.from({ length: 784 }, (_, index) => (index % 29 < 9 ? 255 : index % 3));
    const decoded = decodeDrawing(encodeDrawing(newPixelDrawing(grid)) ?? "");
    expect(decoded).toMatchObject({ mode: "pixels", grid });
    expect(decodeDrawing(encodeDrawing(newPixelDrawing()) ?? "")).toMatchObject({
      grid: newPixelDrawing().grid,
    });
  });
  it("is short", () => {
    for (let digit = 0; digit <= 9; digit++) {
      const text = encodeDrawing(newFreehandDrawing({ strokes: sampleStrokes(digit, 16) }));
      expect(text).toMatch(/^[\w-]{20,400}$/);
    }
  });
  it("is refused if it would be too long", () => {
    const points = Array.from({ length: MAX_TEXT_LENGTH }, () => [1, 1, 0.5] as const);
    const stroke = { points, width: 16, hasPressure: false };
    expect(encodeDrawing(newFreehandDrawing({ strokes: [stroke] }))).toBeNull();
    expect(decodeDrawing("A".repeat(MAX_TEXT_LENGTH + 1))).toBeNull();
  });
});
