/** Distances and lines in the plane, in whatever unit the points have. */

export type XY = readonly [x: number, y: number, ...rest: number[]];

/** Distance from a point to a segment, which may have zero length. */
export function distanceToSegment(point: XY, start: XY, end: XY): number {
  const [x, y] = [point[0] - start[0], point[1] - start[1]];
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const lengthSquared = dx * dx + dy * dy;
  const t = lengthSquared === 0 ? 0 : clamp((x * dx + y * dy) / lengthSquared, 0, 1);
  return Math.hypot(x - t * dx, y - t * dy);
}

/** Distance from a point to a polyline; Infinity if it has no points. */
export function distanceToPolyline(point: XY, polyline: readonly XY[]): number {
  return polyline.reduce(
    (nearest, end, index) =>
      Math.min(nearest, distanceToSegment(point, polyline[Math.max(0, index - 1)] ?? end, end)),
    Number.POSITIVE_INFINITY,
  );
}

/** Cells on the straight line from one cell to another, both included. */
export function cellsBetween(start: XY, end: XY): [column: number, row: number][] {
  const steps = Math.max(Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1]));
  return Array.from({ length: steps + 1 }, (_, step) => {
    const t = steps === 0 ? 0 : step / steps;
    return [
      Math.round(start[0] + t * (end[0] - start[0])),
      Math.round(start[1] + t * (end[1] - start[1])),
    ];
  });
}

/** Points from one point (excluded) to another (included), at most `step` apart. */
export function pointsBetween(from: XY, to: XY, step: number): [x: number, y: number][] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / step));
  return Array.from({ length: steps }, (_, index) => {
    const t = (index + 1) / steps;
    return [from[0] + t * dx, from[1] + t * dy];
  });
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
