import { describe, expect, it } from "vitest";
import {
  eraseAt,
  outlinePath,
  type Point,
  roundedPoint,
  type Stroke,
  smoothPath,
  strokeShape,
} from "./strokes";

const line = (points: readonly Point[], hasPressure = false): Stroke => ({
  points,
  width: 10,
  hasPressure,
});
const ACROSS = line([
  [10, 100, 0.5],
  [200, 100, 0.5],
]);
const DOWN = line([
  [50, 150, 0.5],
  [50, 250, 0.5],
]);

describe("smoothPath", () => {
  it.each([
    ["no points", [], ""],
    ["one point: a dot", [[3, 4, 0.5]], "M3,4l0.01,0"],
    [
      "two points: a line",
      [
        [3, 4],
        [5, 6],
      ],
      "M3,4L5,6",
    ],
    [
      "three points: a curve",
      [
        [0, 0],
        [10, 0],
        [10, 10],
      ],
      "M0,0Q10,0 10,5L10,10",
    ],
  ] as const)("of %s", (_, points, path) => {
    expect(smoothPath(points)).toBe(path);
  });
});

describe("outlinePath", () => {
  it("is empty for fewer than three corners", () => {
    expect(
      outlinePath([
        [0, 0],
        [1, 1],
      ]),
    ).toBe("");
  });
  it("closes", () => {
    expect(
      outlinePath([
        [0, 0],
        [10, 0],
        [10, 10],
      ]),
    ).toMatch(/^M5,0Q.*Z$/);
  });
});

describe("strokeShape", () => {
  it("is a line of the pen's width without pressure", () => {
    expect(strokeShape(ACROSS)).toEqual({ path: "M10,100L200,100", width: 10 });
  });
  it("is a filled outline with pressure", () => {
    const points = Array.from({ length: 20 }, (_, index): Point => [10 * index, 50, index / 20]);
    const shape = strokeShape(line(points, true));
    expect(shape.width).toBeNull();
    expect(shape.path).toMatch(/^M.*Z$/);
    expect(shape.path).not.toContain("NaN");
  });
  it("is a filled dot for one point with pressure", () => {
    expect(strokeShape(line([[5, 5, 0.8]], true)).path).toMatch(/^M.*Z$/);
  });
  it("is empty without points", () => {
    expect(strokeShape(line([], true)).path).toBe("");
    expect(strokeShape(line([])).path).toBe("");
  });
});

describe("eraseAt", () => {
  it("removes whole strokes that the eraser touches", () => {
    expect(eraseAt([ACROSS, DOWN], [100, 106], 2)).toEqual([DOWN]);
  });
  it("takes the stroke width into account", () => {
    expect(eraseAt([ACROSS], [100, 106.9], 2)).toEqual([]);
    expect(eraseAt([ACROSS], [100, 107.1], 2)).toEqual([ACROSS]);
  });
  it("returns the same array if it touches none", () => {
    const strokes = [ACROSS, DOWN];
    expect(eraseAt(strokes, [270, 10], 5)).toBe(strokes);
  });
});

it("rounds points to hundredths", () => {
  expect(roundedPoint(1.23456, 7.891, 0.33333)).toEqual([1.23, 7.89, 0.33]);
});
