/** Pen strokes on a square sheet: what is kept of them, their outline, and which a rubber meets. */

import { getStroke } from "perfect-freehand";
import { distanceToLine, type XY } from "./geometry";

/** The side of the sheet, in the unit of every point and width: ten to each of MNIST's 28 pixels. */
export const CANVAS_SIZE = 280;

export type Point = readonly [x: number, y: number, pressure: number];

export interface Stroke {
  readonly points: readonly Point[];
  /** Of the pen, where it is pressed as is usual. */
  readonly width: number;
  /** Whether the pen told how hard it was pressed; a mouse and most fingers do not. */
  readonly pressed: boolean;
}

/** A point as it is kept: no finer than a screen shows it. */
export function roundedPoint(x: number, y: number, pressure = 0.5): Point {
  return [Math.round(x * 100) / 100, Math.round(y * 100) / 100, Math.round(pressure * 100) / 100];
}

/** How a stroke is drawn: an SVG path, and how wide it is to be stroked; filled, if it has no width. */
export interface StrokeShape {
  readonly path: string;
  readonly width: number | null;
}

/** The ink of a stroke: an outline that swells with the pressure, or a line of one width. */
export function strokeShape(stroke: Stroke, finished = true): StrokeShape {
  if (!stroke.pressed) return { path: smoothPath(stroke.points), width: stroke.width };
  const outline = getStroke(stroke.points as [number, number, number][], {
    size: stroke.width,
    thinning: 0.5,
    simulatePressure: false,
    smoothing: 0.6,
    streamline: 0.3,
    last: finished,
  });
  return { path: outlinePath(outline as [number, number][]), width: null };
}

/** An SVG path along points, rounded at all but its ends; a dot of one point, "" of none. */
export function smoothPath(points: readonly XY[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first) return "";
  // A line of no length is drawn by some, by others not.
  if (!last) return `M${at(first)}l0.01,0`;
  const curves = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] as XY;
    return `Q${at(point)} ${at(middle(point, next))}`;
  });
  return `M${at(first)}${curves.join("")}L${at(last)}`;
}

/** An SVG path round a polygon, rounded at its corners; "" of fewer than three. */
export function outlinePath(polygon: readonly XY[]): string {
  if (polygon.length < 3) return "";
  const corner = (index: number) => polygon[index % polygon.length] as XY;
  const curves = polygon.map(
    (_, index) => `Q${at(corner(index + 1))} ${at(middle(corner(index + 1), corner(index + 2)))}`,
  );
  return `M${at(middle(corner(0), corner(1)))}${curves.join("")}Z`;
}

function middle(a: XY, b: XY): XY {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function at([x, y]: XY): string {
  return `${round(x)},${round(y)}`;
}

/** The strokes that a round rubber does not meet; the same array if it meets none. */
export function eraseAt(
  strokes: readonly Stroke[],
  erasing: XY,
  radius: number,
): readonly Stroke[] {
  const left = strokes.filter(
    (stroke) => distanceToLine(erasing, stroke.points) > radius + stroke.width / 2,
  );
  return left.length === strokes.length ? strokes : left;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
