/** Curves as columns of numbers: cut at a rewind, thinned, and joined into one plot. */

/** Points in the order of their steps; a value is null where it was not measured. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

export const NO_CURVE: Curve = { x: [], y: [] };

/** Halve the points, but keep the last one: what is oldest is still seen as long as the newest. */
export function halve<Value>(points: readonly Value[]): Value[] {
  const last = points.length - 1;
  return points.filter((_, index) => (last - index) % 2 === 0);
}

/** Join curves on one axis, as uPlot draws them: all x, and the y of each curve there or null. */
export function joinCurves(curves: readonly Curve[]): [number[], ...(number | null)[][]] {
  const x = [...new Set(curves.flatMap((curve) => [...curve.x]))].sort((a, b) => a - b);
  const places = new Map(x.map((value, index) => [value, index]));
  const columns = curves.map((curve) => {
    const column = new Array<number | null>(x.length).fill(null);
    curve.x.forEach((value, index) => {
      column[places.get(value) as number] = curve.y[index] ?? null;
    });
    return column;
  });
  return [x, ...columns];
}

/** The first, the last, and the least and greatest value of a curve; null if it has none. */
export function summarizeCurve({ y }: Curve) {
  const values = y.filter((value) => value !== null);
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined) return null;
  const least = values.reduce((a, b) => Math.min(a, b));
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return { first, last, least, greatest };
}
