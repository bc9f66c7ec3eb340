import { describe, expect, it } from "vitest";
import { drawLine, EMPTY_GRID, GRID_SIZE, gridPath, isEmpty, toRows } from "./grid";

const inked = (grid: readonly number[]) =>
  grid.flatMap((ink, index) => (ink ? [[index % GRID_SIZE, Math.floor(index / GRID_SIZE)]] : []));

describe("drawLine", () => {
  it("draws one pixel", () => {
    expect(inked(drawLine(EMPTY_GRID, [3, 4], [3, 4], 1, 255))).toEqual([[3, 4]]);
  });
  it("draws a square with a larger brush", () => {
    expect(inked(drawLine(EMPTY_GRID, [3, 4], [3, 4], 2, 255))).toHaveLength(4);
    expect(inked(drawLine(EMPTY_GRID, [3, 4], [3, 4], 3, 255))).toContainEqual([2, 3]);
  });
  it("clips at the border instead of wrapping around", () => {
    expect(inked(drawLine(EMPTY_GRID, [-2, 0], [1, 0], 1, 255))).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(
      inked(drawLine(EMPTY_GRID, [27, 5], [27, 5], 4, 255)).every(([x]) => (x ?? 0) >= 26),
    ).toBe(true);
  });
  it("erases", () => {
    const grid = drawLine(EMPTY_GRID, [0, 0], [5, 0], 1, 255);
    expect(isEmpty(drawLine(grid, [0, 0], [5, 0], 1, 0))).toBe(true);
  });
  it("returns the same grid if nothing changes, and never mutates one", () => {
    expect(drawLine(EMPTY_GRID, [0, 0], [5, 5], 2, 0)).toBe(EMPTY_GRID);
    drawLine(EMPTY_GRID, [0, 0], [5, 5], 2, 255);
    expect(isEmpty(EMPTY_GRID)).toBe(true);
  });
});

it("is sent as 28 rows of 28 pixels", () => {
  const sent = toRows(drawLine(EMPTY_GRID, [3, 4], [3, 4], 1, 255));
  expect(sent).toHaveLength(28);
  expect(sent.every((row) => row.length === 28)).toBe(true);
  expect(sent[4]?.[3]).toBe(255);
});

it("is drawn pixel by pixel", () => {
  expect(gridPath(drawLine(EMPTY_GRID, [3, 4], [3, 4], 1, 255), 10)).toBe("M30 40h10v10h-10z");
});
