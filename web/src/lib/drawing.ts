/** What can lie on the table: a sheet with strokes, a picture, or a grid of pixels. */

import * as v from "valibot";
import { EMPTY_GRID, type Grid, SIDE } from "./grid";
import { CANVAS_SIZE, type Stroke } from "./strokes";

/** A picture's file as a data URL, and what it is called. */
export interface Picture {
  readonly name: string;
  readonly url: string;
}

/** `id` stays the same while one drawing is worked on; a cleared sheet is a new one. */
export interface FreehandDrawing {
  readonly id: string;
  readonly strokes: readonly Stroke[];
  readonly picture: Picture | null;
}

export interface PixelDrawing {
  readonly id: string;
  readonly grid: Grid;
}

let serial = 0;

export function newId(): string {
  serial += 1;
  return `${Date.now().toString(36)}-${serial}`;
}

export function newFreehandDrawing(
  content: Partial<Omit<FreehandDrawing, "id">> = {},
): FreehandDrawing {
  return { id: newId(), strokes: [], picture: null, ...content };
}

export function newPixelDrawing(grid: Grid = EMPTY_GRID): PixelDrawing {
  return { id: newId(), grid };
}

/** A sheet after a stroke is drawn; on a picture, strokes begin a new sheet. */
export function addStroke(sheet: FreehandDrawing, stroke: Stroke): FreehandDrawing {
  if (sheet.picture) return newFreehandDrawing({ strokes: [stroke] });
  return { ...sheet, strokes: [...sheet.strokes, stroke] };
}

const FARTHEST = 100 * CANVAS_SIZE;

const ID = v.pipe(v.string(), v.maxLength(100));
const COORDINATE = v.pipe(v.number(), v.minValue(-FARTHEST), v.maxValue(FARTHEST));
const PRESSURE = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const STROKE = v.object({
  points: v.pipe(v.array(v.strictTuple([COORDINATE, COORDINATE, PRESSURE])), v.minLength(1)),
  width: v.pipe(v.number(), v.minValue(0), v.maxValue(CANVAS_SIZE)),
  pressed: v.boolean(),
});

const PICTURE = v.object({
  name: v.string(),
  // An SVG image is a document of its own, and none that this page has kept.
  url: v.pipe(v.string(), v.regex(/^data:image\/(?!svg)[a-z0-9.+-]+;base64,/)),
});

/** A sheet as it was kept: whatever else is kept in its place does not fit. */
export const FreehandDrawingSchema = v.object({
  id: ID,
  strokes: v.array(STROKE),
  picture: v.nullable(PICTURE),
});

export const PixelDrawingSchema = v.object({
  id: ID,
  grid: v.pipe(v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(255))), v.length(SIDE * SIDE)),
});
