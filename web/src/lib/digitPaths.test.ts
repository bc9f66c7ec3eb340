import { describe, expect, it } from "vitest";
import { DIGIT_BOX, DIGIT_PATHS, sampleStrokes } from "./digitPaths";
import { CANVAS_SIZE } from "./strokes";
import { parsePath } from "./svgPath";

describe("parsePath", () => {
  it("starts a new line at each M", () => {
    expect(parsePath("M0,0 L10,0 M5,5 L5,10")).toEqual([
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
  it("samples a curve up to its end", () => {
    const [line] = parsePath("M0,0 C0,10 10,10 10,0");
    expect(line?.at(-1)).toEqual([10, 0]);
    expect(line?.[7]).toEqual([5, 7.5]);
  });
  it.each(["L1,1", "M1", "M0,0 Q1,1 2,2", "M0,0 C1,1 2,2", "M0,0 Lx,y"])("rejects %s", (path) => {
    expect(() => parsePath(path)).toThrow();
  });
});

describe("the ten digits", () => {
  it("are ten, each within the box", () => {
    expect(DIGIT_PATHS).toHaveLength(10);
    for (const path of DIGIT_PATHS) {
      for (const [x, y] of parsePath(path).flat()) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(DIGIT_BOX.width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(DIGIT_BOX.height);
      }
    }
  });
  it("are centered in the drawing area as samples", () => {
    const points = sampleStrokes(4, 16).flatMap((stroke) => stroke.points);
    expect(Math.min(...points.map(([x]) => x))).toBeGreaterThan(80);
    expect(Math.max(...points.map(([, y]) => y))).toBeLessThan(CANVAS_SIZE - 50);
  });
  it("are only 0 to 9", () => {
    expect(() => sampleStrokes(10, 16)).toThrow(RangeError);
  });
});
