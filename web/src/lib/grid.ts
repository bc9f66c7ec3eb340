/** The pixel grid: 28 by 28 numbers from 0 (background) to 255 (full ink). Grids are immutable. */

import { cellsBetween, type XY } from "./geometry";

export const GRID_SIZE = 28;

/** Pixels in row-major order. */
export type Grid = readonly number[];

export const EMPTY_GRID: Grid = Array(GRID_SIZE * GRID_SIZE).fill(0);

/** Draw or erase a line; returns the same grid if nothing changes.
 *
 * @param brush  side of the square brush, in pixels
 */
export function drawLine(grid: Grid, from: XY, to: XY, brush: number, ink: 0 | 255): Grid {
  const next = [...grid];
  const before = Math.floor((brush - 1) / 2);
  for (const [column, row] of cellsBetween(from, to)) {
    for (let y = row - before; y < row - before + brush; y++) {
      for (let x = column - before; x < column - before + brush; x++) {
        if (x >= 0 && y >= 0 && x < GRID_SIZE && y < GRID_SIZE) next[y * GRID_SIZE + x] = ink;
      }
    }
  }
  return next.every((value, index) => value === grid[index]) ? grid : next;
}

export function isEmpty(grid: Grid): boolean {
  return grid.every((value) => value === 0);
}

/** Rows of pixels, as the API expects them. */
export function toRows(grid: Grid): number[][] {
  return Array.from({ length: GRID_SIZE }, (_, row) =>
    grid.slice(row * GRID_SIZE, (row + 1) * GRID_SIZE),
  );
}

/** SVG path of the inked pixels, `cell` units wide each. */
export function gridPath(grid: Grid, cell: number): string {
  return grid
    .map((ink, index) =>
      ink === 0
        ? ""
        : `M${(index % GRID_SIZE) * cell} ${Math.floor(index / GRID_SIZE) * cell}h${cell}v${cell}h-${cell}z`,
    )
    .join("");
}
