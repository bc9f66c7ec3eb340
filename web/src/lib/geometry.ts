/** Distances and lines: plain geometry of the plane, in whatever unit the points have. */

export type XY = readonly [x: number, y: number, ...rest: number[]];

/** The distance of a point from a segment; from a point, if both ends are one. */
export function distanceToSegment(point: XY, start: XY, end: XY): number {
  const [x, y] = [point[0] - start[0], point[1] - start[1]];
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / square));
  return Math.hypot(x - along * dx, y - along * dy);
}

/** The distance of a point from a line of points; Infinity if there are none. */
export function distanceToLine(point: XY, line: readonly XY[]): number {
  return line.reduce(
    (nearest, end, index) =>
      Math.min(nearest, distanceToSegment(point, line[Math.max(0, index - 1)] ?? end, end)),
    Number.POSITIVE_INFINITY,
  );
}

/** The cells that a straight line from one cell to another passes, both included. */
export function cellsBetween(start: XY, end: XY): [column: number, row: number][] {
  const steps = Math.max(Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1]));
  return Array.from({ length: steps + 1 }, (_, step) => {
    const share = steps === 0 ? 0 : step / steps;
    return [
      Math.round(start[0] + share * (end[0] - start[0])),
      Math.round(start[1] + share * (end[1] - start[1])),
    ];
  });
}

/** Points on the way from one to another, no farther apart than `step`; the first is left out. */
export function pointsBetween(from: XY, to: XY, step: number): [x: number, y: number][] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / step));
  return Array.from({ length: steps }, (_, index) => {
    const share = (index + 1) / steps;
    return [from[0] + share * dx, from[1] + share * dy];
  });
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
