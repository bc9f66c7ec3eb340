import { describe, expect, it } from "vitest";
import {
  cellsBetween,
  clamp,
  distanceToPolyline,
  distanceToSegment,
  pointsBetween,
} from "./geometry";

describe("distanceToSegment", () => {
  it.each([
    ["beside the middle", [5, 3], [0, 0], [10, 0], 3],
    ["beyond the end", [13, 4], [0, 0], [10, 0], 5],
    ["before the start", [-3, -4], [0, 0], [10, 0], 5],
    ["on it", [5, 0], [0, 0], [10, 0], 0],
    ["of a segment of zero length", [3, 4], [0, 0], [0, 0], 5],
  ] as const)("%s", (_, point, start, end, distance) => {
    expect(distanceToSegment(point, start, end)).toBeCloseTo(distance);
  });
});

describe("distanceToPolyline", () => {
  it("is Infinity without points", () => {
    expect(distanceToPolyline([0, 0], [])).toBe(Number.POSITIVE_INFINITY);
  });
  it("is the distance to a single point", () => {
    expect(distanceToPolyline([3, 4], [[0, 0]])).toBe(5);
  });
  it("is the distance to the nearest segment", () => {
    const line = [
      [0, 0],
      [10, 0],
      [10, 10],
    ] as const;
    expect(distanceToPolyline([8, 5], line)).toBe(2);
  });
});

describe("cellsBetween", () => {
  it("is the cell itself if start and end coincide", () => {
    expect(cellsBetween([3, 4], [3, 4])).toEqual([[3, 4]]);
  });
  it("leaves no gap at any slope", () => {
    for (const end of [
      [9, 2],
      [2, 9],
      [-7, 5],
      [-3, -8],
    ] as const) {
      const cells = cellsBetween([0, 0], end);
      expect(cells.at(-1)).toEqual(end);
      cells.slice(1).forEach(([x, y], index) => {
        const [beforeX, beforeY] = cells[index] as [number, number];
        expect(Math.max(Math.abs(x - beforeX), Math.abs(y - beforeY))).toBe(1);
      });
    }
  });
});

describe("pointsBetween", () => {
  it("leaves no gap wider than the step, and includes the end", () => {
    const points = pointsBetween([0, 0], [10, 0], 4);
    expect(points).toHaveLength(3);
    expect(points.at(-1)).toEqual([10, 0]);
  });
  it("is the point itself if both coincide", () => {
    expect(pointsBetween([3, 4], [3, 4], 4)).toEqual([[3, 4]]);
  });
});

it("clamps", () => {
  expect([clamp(-1, 0, 5), clamp(3, 0, 5), clamp(9, 0, 5)]).toEqual([0, 3, 5]);
});
