import { describe, expect, it } from "vitest";
import { GLYPH, GLYPHS, sample } from "./glyphs";
import { linesOf } from "./paths";
import { SHEET } from "./strokes";

describe("linesOf", () => {
  it("begins a line at each M", () => {
    expect(linesOf("M0,0 L10,0 M5,5 L5,10")).toEqual([
      [
        [0, 0],
        [10, 0],
      ],
      [
        [5, 5],
        [5, 10],
      ],
    ]);
  });
  it("ends a curve where it says", () => {
    const [line] = linesOf("M0,0 C0,10 10,10 10,0");
    expect(line?.at(-1)).toEqual([10, 0]);
    expect(line?.[7]).toEqual([5, 7.5]);
  });
  it.each(["L1,1", "M1", "M0,0 Q1,1 2,2", "M0,0 C1,1 2,2", "M0,0 Lx,y"])("refuses %s", (path) => {
    expect(() => linesOf(path)).toThrow();
  });
});

describe("the ten digits", () => {
  it("are ten, each within its box", () => {
    expect(GLYPHS).toHaveLength(10);
    for (const path of GLYPHS) {
      for (const [x, y] of linesOf(path).flat()) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(GLYPH.width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(GLYPH.height);
      }
    }
  });
  it("lie in the middle of the sheet as samples", () => {
    const points = sample(4, 16).flatMap((stroke) => stroke.points);
    expect(Math.min(...points.map(([x]) => x))).toBeGreaterThan(80);
    expect(Math.max(...points.map(([, y]) => y))).toBeLessThan(SHEET - 50);
  });
  it("are no more than ten", () => {
    expect(() => sample(10, 16)).toThrow(RangeError);
  });
});
