/** Pen strokes on a square sheet: what is kept of them, their outline, and which a rubber meets. */

import { getStroke } from "perfect-freehand";
import { distanceToLine, type XY } from "./geometry";

/** The side of the sheet, in the unit of every point and width: ten to each of MNIST's 28 pixels. */
export const SHEET = 280;

export type Point = readonly [x: number, y: number, pressure: number];

export interface Stroke {
  readonly points: readonly Point[];
  /** Of the pen, where it is pressed as is usual. */
  readonly width: number;
  /** Whether the pen told how hard it was pressed; a mouse and most fingers do not. */
  readonly pressed: boolean;
}

/** A point as it is kept: no finer than a screen shows it. */
export function pointAt(x: number, y: number, pressure = 0.5): Point {
  return [Math.round(x * 100) / 100, Math.round(y * 100) / 100, Math.round(pressure * 100) / 100];
}

/** The outline of a stroke's ink, a polygon; of no points an empty one. */
export function outline(stroke: Stroke, finished = true): [x: number, y: number][] {
  return getStroke(stroke.points as [number, number, number][], {
    size: stroke.width,
    thinning: stroke.pressed ? 0.5 : 0.12,
    simulatePressure: !stroke.pressed,
    smoothing: 0.6,
    streamline: 0.3,
    last: finished,
  }) as [number, number][];
}

/** An SVG path round a polygon, rounded at its corners; "" of fewer than three. */
export function pathAround(polygon: readonly XY[]): string {
  if (polygon.length < 3) return "";
  const at = (index: number) => polygon[index % polygon.length] as XY;
  const middle = (index: number) => {
    const [a, b] = [at(index), at(index + 1)];
    return `${round((a[0] + b[0]) / 2)},${round((a[1] + b[1]) / 2)}`;
  };
  const corners = polygon.map((_, index) => {
    const corner = at(index + 1);
    return `Q${round(corner[0])},${round(corner[1])} ${middle(index + 1)}`;
  });
  return `M${middle(0)}${corners.join("")}Z`;
}

/** The strokes that a round rubber does not meet; the same array if it meets none. */
export function withoutMet(
  strokes: readonly Stroke[],
  rubber: XY,
  radius: number,
): readonly Stroke[] {
  const left = strokes.filter(
    (stroke) => distanceToLine(rubber, stroke.points) > radius + stroke.width / 2,
  );
  return left.length === strokes.length ? strokes : left;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
