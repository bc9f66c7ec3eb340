/** The two kinds of drawings, freehand and pixels, and the schemas for stored ones. */

import * as v from "valibot";
import { EMPTY_GRID, GRID_SIZE, type Grid } from "./grid";
import { CANVAS_SIZE, type Stroke } from "./strokes";

/** An image file as a data URL. */
export interface OpenedImage {
  readonly name: string;
  readonly url: string;
  /** Whether its background shows through. */
  readonly transparent: boolean;
}

/** Strokes, or an opened image. */
export interface FreehandDrawing {
  readonly mode: "freehand";
  /** Identifies the drawing while it is edited; clearing it starts a new one. */
  readonly id: string;
  readonly strokes: readonly Stroke[];
  readonly image: OpenedImage | null;
}

export interface PixelDrawing {
  readonly mode: "pixels";
  readonly id: string;
  readonly grid: Grid;
}

export type Drawing = FreehandDrawing | PixelDrawing;
export type Mode = Drawing["mode"];

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

/** Add a stroke. On an image, the stroke starts a new drawing, with the given id. */
export function addStroke(drawing: FreehandDrawing, stroke: Stroke, id: string): FreehandDrawing {
  if (drawing.image) return { mode: "freehand", id, strokes: [stroke], image: null };
  return { ...drawing, strokes: [...drawing.strokes, stroke] };
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
  // SVG is excluded: it is a document of its own, and this page never stores one.
  url: v.pipe(v.string(), v.regex(/^data:image\/(?!svg)[a-z0-9.+-]+;base64,/)),
});

export const ModeSchema = v.picklist(["freehand", "pixels"]);

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
