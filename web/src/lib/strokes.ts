/** Pen strokes: how they are stored, drawn and erased. */

import { getStroke } from "perfect-freehand";
import { distanceToPolyline, type XY } from "./geometry";

/** Side of the drawing area, in the unit of all points and widths: ten for each of the 28 pixels. */
export const CANVAS_SIZE = 280;
/** Width of the sheet for a number; it is as high as the drawing area for a digit. */
export const NUMBER_WIDTH = 980;
/** Height of an opened image; below it is a hint, as high as drawing-area.css has it. */
export const IMAGE_HEIGHT = CANVAS_SIZE - 28;

export type Point = readonly [x: number, y: number, pressure: number];

export interface Stroke {
  readonly points: readonly Point[];
  /** Width at medium pressure. */
  readonly width: number;
  /** Whether the pressure was measured; a mouse and most fingers do not report it. */
  readonly hasPressure: boolean;
}

/** Round to hundredths: finer than any screen, and short to store. */
export function roundedPoint(x: number, y: number, pressure = 0.5): Point {
  return [round(x), round(y), round(pressure)];
}

/** An SVG path; it is stroked with `width`, or filled if `width` is null. */
export interface StrokeShape {
  readonly path: string;
  readonly width: number | null;
}

/** Shape of a stroke: an outline that varies with the pressure, or a line of constant width. */
export function strokeShape(stroke: Stroke, finished = true): StrokeShape {
  if (!stroke.hasPressure) return { path: smoothPath(stroke.points), width: stroke.width };
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

/** Smooth SVG path through points: "" for none, a dot for one. */
export function smoothPath(points: readonly XY[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first) return "";
  // Some browsers do not draw a line of zero length.
  if (!last) return `M${format(first)}l0.01,0`;
  const curves = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] as XY;
    return `Q${format(point)} ${format(midpoint(point, next))}`;
  });
  return `M${format(first)}${curves.join("")}L${format(last)}`;
}

/** Closed SVG path around a polygon with rounded corners; "" for fewer than three corners. */
export function outlinePath(polygon: readonly XY[]): string {
  if (polygon.length < 3) return "";
  const corner = (index: number) => polygon[index % polygon.length] as XY;
  const curves = polygon.map(
    (_, index) =>
      `Q${format(corner(index + 1))} ${format(midpoint(corner(index + 1), corner(index + 2)))}`,
  );
  return `M${format(midpoint(corner(0), corner(1)))}${curves.join("")}Z`;
}

/** Remove the strokes that a round eraser touches; returns the same array if it touches none. */
export function eraseAt(strokes: readonly Stroke[], eraser: XY, radius: number): readonly Stroke[] {
  const remaining = strokes.filter(
    (stroke) => distanceToPolyline(eraser, stroke.points) > radius + stroke.width / 2,
  );
  return remaining.length === strokes.length ? strokes : remaining;
}

const MAX_DOT_SIZE = 6;

/** Whether a stroke is a mere tap. */
export function isDot({ points }: Pick<Stroke, "points">): boolean {
  const first = points[0];
  return points.every(
    ([x, y]) => first && Math.max(Math.abs(x - first[0]), Math.abs(y - first[1])) <= MAX_DOT_SIZE,
  );
}

/** Whether any of the strokes passes within `distance` of a point. */
export function isOnInk(strokes: readonly Stroke[], point: XY, distance: number): boolean {
  return eraseAt(strokes, point, distance) !== strokes;
}

function midpoint(a: XY, b: XY): XY {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function format([x, y]: XY): string {
  return `${round(x)},${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
