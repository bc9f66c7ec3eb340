/** Parses the SVG path commands that the digits of this page use: M, L and C. */

type Point = [x: number, y: number];

const CURVE_STEPS = 14;

/** Convert a path to polylines; each M starts a new one.
 *
 * @throws Error for other commands and for missing or malformed numbers
 */
export function parsePath(path: string): Point[][] {
  const lines: Point[][] = [];
  for (const [, command, operands] of path.matchAll(/([A-Za-z])([^A-Za-z]*)/g)) {
    const numbers = (operands ?? "")
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    const points = toPoints(numbers);
    const line = lines.at(-1);
    const from = line?.at(-1);
    if (command === "M" && points.length === 1) lines.push(points);
    else if (command === "L" && line) line.push(...points);
    else if (command === "C" && line && from) line.push(...sampleCurve(from, points));
    else throw new Error(`unsupported path command: ${command}${operands}`);
  }
  return lines;
}

function toPoints(numbers: number[]): Point[] {
  if (numbers.length % 2 || numbers.some(Number.isNaN)) {
    throw new Error(`expected pairs of numbers, got ${numbers}`);
  }
  return Array.from({ length: numbers.length / 2 }, (_, index) => [
    numbers[2 * index] as number,
    numbers[2 * index + 1] as number,
  ]);
}

/** Points on one or more cubic Bézier curves, without the first. */
function sampleCurve(from: Point, controls: Point[]): Point[] {
  if (controls.length % 3) throw new Error("a curve needs three points");
  const points: Point[] = [];
  let start = from;
  for (let first = 0; first < controls.length; first += 3) {
    const [a, b, end] = controls.slice(first, first + 3) as [Point, Point, Point];
    for (let step = 1; step <= CURVE_STEPS; step++) {
      const t = step / CURVE_STEPS;
      const at = (axis: 0 | 1) =>
        (1 - t) ** 3 * start[axis] +
        3 * (1 - t) ** 2 * t * a[axis] +
        3 * (1 - t) * t ** 2 * b[axis] +
        t ** 3 * end[axis];
      points.push([at(0), at(1)]);
    }
    start = end;
  }
  return points;
}
