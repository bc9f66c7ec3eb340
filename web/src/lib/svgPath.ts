/** Reads the few SVG path commands that the digits of this page are drawn with: M, L and C. */

type Point = [x: number, y: number];

const CURVE_STEPS = 14;

/** The lines that a path draws, as points; a new one begins at each M.
 *
 * @throws Error for any other command, or if numbers are missing
 */
export function parsePath(path: string): Point[][] {
  const lines: Point[][] = [];
  for (const [, command, operands] of path.matchAll(/([A-Za-z])([^A-Za-z]*)/g)) {
    const numbers = (operands ?? "")
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    const points = pairs(numbers);
    const line = lines.at(-1);
    const from = line?.at(-1);
    if (command === "M" && points.length === 1) lines.push(points);
    else if (command === "L" && line) line.push(...points);
    else if (command === "C" && line && from) line.push(...curve(from, points));
    else throw new Error(`a path of this page has no ${command}${operands}`);
  }
  return lines;
}

function pairs(numbers: number[]): Point[] {
  if (numbers.length % 2 || numbers.some(Number.isNaN)) {
    throw new Error(`no pairs of numbers: ${numbers}`);
  }
  return Array.from({ length: numbers.length / 2 }, (_, index) => [
    numbers[2 * index] as number,
    numbers[2 * index + 1] as number,
  ]);
}

/** Points on one or more cubic Bézier curves, the first left out. */
function curve(from: Point, controls: Point[]): Point[] {
  if (controls.length % 3) throw new Error("a curve needs three points");
  const points: Point[] = [];
  let start = from;
  for (let first = 0; first < controls.length; first += 3) {
    const [a, b, end] = controls.slice(first, first + 3) as [Point, Point, Point];
    for (let step = 1; step <= CURVE_STEPS; step++) {
      const t = step / CURVE_STEPS;
      const on = (axis: 0 | 1) =>
        (1 - t) ** 3 * start[axis] +
        3 * (1 - t) ** 2 * t * a[axis] +
        3 * (1 - t) * t ** 2 * b[axis] +
        t ** 3 * end[axis];
      points.push([on(0), on(1)]);
    }
    start = end;
  }
  return points;
}
