/** The pixel grid: 28 by 28 numbers from 0, the sheet, to 255, full ink. Grids are never changed. */

import { cellsBetween, type XY } from "./geometry";

export const SIDE = 28;

/** Row by row. */
export type Grid = readonly number[];

export const EMPTY_GRID: Grid = Array(SIDE * SIDE).fill(0);

/** A grid with a line of cells inked, or cleared; the same grid if nothing changes.
 *
 * @param brush  the side of the square of cells that is set at each step of the line
 */
export function withLine(grid: Grid, from: XY, to: XY, brush: number, ink: 0 | 255): Grid {
  const next = [...grid];
  const before = Math.floor((brush - 1) / 2);
  for (const [column, row] of cellsBetween(from, to)) {
    for (let y = row - before; y < row - before + brush; y++) {
      for (let x = column - before; x < column - before + brush; x++) {
        if (x >= 0 && y >= 0 && x < SIDE && y < SIDE) next[y * SIDE + x] = ink;
      }
    }
  }
  return next.every((value, index) => value === grid[index]) ? grid : next;
}

export function isEmpty(grid: Grid): boolean {
  return grid.every((value) => value === 0);
}

/** As the API takes it. */
export function rows(grid: Grid): number[][] {
  return Array.from({ length: SIDE }, (_, row) => grid.slice(row * SIDE, (row + 1) * SIDE));
}

/** An SVG path of the inked cells, `cell` wide each. */
export function pathOf(grid: Grid, cell: number): string {
  return grid
    .map((ink, index) =>
      ink === 0
        ? ""
        : `M${(index % SIDE) * cell} ${Math.floor(index / SIDE) * cell}h${cell}v${cell}h-${cell}z`,
    )
    .join("");
}
