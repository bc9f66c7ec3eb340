/** The kinds of drawings, freehand, pixels and number, and the schemas for stored ones. */

import * as v from "valibot";
import { EMPTY_GRID, GRID_SIZE, type Grid, isEmpty } from "./grid";
import { type Edits, NO_EDITS, withStrokesChanged } from "./numberEdits";
import { CANVAS_SIZE, type Stroke } from "./strokes";

/** An image file as a data URL. */
export interface OpenedImage {
  readonly name: string;
  readonly url: string;
  /** Whether its background shows through. */
  readonly transparent: boolean;
  /** In pixels; unknown if the browser cannot show it, or if an earlier version of the page stored it. */
  readonly size?: readonly [width: number, height: number] | undefined;
}

/** Strokes, or an opened image. */
export interface InkDrawing {
  /** Identifies the drawing while it is edited; clearing it starts a new one. */
  readonly id: string;
  readonly strokes: readonly Stroke[];
  readonly image: OpenedImage | null;
}

/** One digit. */
export interface FreehandDrawing extends InkDrawing {
  readonly mode: "freehand";
}

/** Several digits side by side, with what a person has corrected of the answer. */
export interface NumberDrawing extends InkDrawing {
  readonly mode: "number";
  readonly edits: Edits;
}

export interface PixelDrawing {
  readonly mode: "pixels";
  readonly id: string;
  readonly grid: Grid;
}

/** A drawing of one digit. */
export type DigitDrawing = FreehandDrawing | PixelDrawing;
export type Drawing = DigitDrawing | NumberDrawing;
export type Mode = Drawing["mode"];

/** What is drawn: strokes or pixels, an opened image, or nothing. */
export type Content = "nothing" | "drawing" | "image";

let serial = 0;

/** An id that no other drawing has, not even one in another tab. */
export function newId(): string {
  serial += 1;
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}-${serial}`;
}

export function newFreehandDrawing(
  content: Partial<Pick<FreehandDrawing, "strokes" | "image">> = {},
): FreehandDrawing {
  return { mode: "freehand", id: newId(), strokes: [], image: null, ...content };
}

export function newPixelDrawing(grid: Grid = EMPTY_GRID): PixelDrawing {
  return { mode: "pixels", id: newId(), grid };
}

export function newNumberDrawing(
  content: Partial<Pick<NumberDrawing, "strokes" | "image">> = {},
): NumberDrawing {
  return { mode: "number", id: newId(), strokes: [], image: null, edits: NO_EDITS, ...content };
}

/** Whether anything is drawn, or an image is opened. */
export function hasContent(drawing: Drawing): boolean {
  if (drawing.mode === "pixels") return !isEmpty(drawing.grid);
  return drawing.image !== null || drawing.strokes.length > 0;
}

/** Add a stroke. On an image, the stroke starts a new drawing, with the given id. */
export function addStroke<Ink extends InkDrawing>(drawing: Ink, stroke: Stroke, id: string): Ink {
  if (!drawing.image) return withStrokes(drawing, [...drawing.strokes, stroke]);
  const fresh = { ...drawing, id, strokes: [stroke], image: null };
  return "edits" in drawing ? { ...fresh, edits: NO_EDITS } : fresh;
}

/** Replace the strokes. Corrections of digits that this changes are dropped. */
export function withStrokes<Ink extends InkDrawing>(drawing: Ink, strokes: readonly Stroke[]): Ink {
  if (!("edits" in drawing)) return { ...drawing, strokes };
  const changed = [
    ...drawing.strokes.filter((stroke) => !strokes.includes(stroke)),
    ...strokes.filter((stroke) => !drawing.strokes.includes(stroke)),
  ];
  return { ...drawing, strokes, edits: withStrokesChanged(drawing.edits as Edits, changed) };
}

const MAX_COORDINATE = 100 * CANVAS_SIZE;

export const IdSchema = v.pipe(v.string(), v.maxLength(100));
const CoordinateSchema = v.pipe(
  v.number(),
  v.minValue(-MAX_COORDINATE),
  v.maxValue(MAX_COORDINATE),
);
const PressureSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const StrokeSchema = v.object({
  points: v.pipe(
    v.array(v.strictTuple([CoordinateSchema, CoordinateSchema, PressureSchema])),
    v.minLength(1),
  ),
  width: v.pipe(v.number(), v.minValue(0), v.maxValue(CANVAS_SIZE)),
  hasPressure: v.boolean(),
});

export const ImageSchema = v.object({
  name: v.string(),
  transparent: v.optional(v.boolean(), false),
  size: v.optional(
    v.strictTuple([v.pipe(v.number(), v.minValue(1)), v.pipe(v.number(), v.minValue(1))]),
  ),
  // SVG is excluded: it is a document of its own, and this page never stores one.
  url: v.pipe(v.string(), v.regex(/^data:image\/(?!svg)[a-z0-9.+-]+;base64,/)),
});

export const DigitModeSchema = v.picklist(["freehand", "pixels"]);
export const MODES = [...DigitModeSchema.options, "number"] as const satisfies readonly Mode[];

export const FreehandDrawingSchema = v.object({
  mode: v.literal("freehand"),
  id: IdSchema,
  strokes: v.array(StrokeSchema),
  image: v.nullable(ImageSchema),
});

export const GridSchema = v.pipe(
  v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(255))),
  v.length(GRID_SIZE * GRID_SIZE),
);

export const PixelDrawingSchema = v.object({
  mode: v.literal("pixels"),
  id: IdSchema,
  grid: GridSchema,
});
