/** What can lie on the table: a sheet with strokes, a picture, or a grid of pixels. */

import { EMPTY_GRID, type Grid, SIDE } from "./grid";
import type { Stroke } from "./strokes";

/** A picture's file as a data URL, and what it is called. */
export interface Picture {
  readonly name: string;
  readonly url: string;
}

/** `id` stays the same while one drawing is worked on; a cleared sheet is a new one. */
export interface Sheet {
  readonly id: string;
  readonly strokes: readonly Stroke[];
  readonly picture: Picture | null;
}

export interface Pixels {
  readonly id: string;
  readonly grid: Grid;
}

let serial = 0;

export function newId(): string {
  serial += 1;
  return `${Date.now().toString(36)}-${serial}`;
}

export function newSheet(content: Partial<Omit<Sheet, "id">> = {}): Sheet {
  return { id: newId(), strokes: [], picture: null, ...content };
}

export function newPixels(grid: Grid = EMPTY_GRID): Pixels {
  return { id: newId(), grid };
}

/** A sheet after a stroke is drawn; on a picture, strokes begin a new sheet. */
export function withStroke(sheet: Sheet, stroke: Stroke): Sheet {
  if (sheet.picture) return newSheet({ strokes: [stroke] });
  return { ...sheet, strokes: [...sheet.strokes, stroke] };
}

export function isSheet(value: unknown): value is Sheet {
  const sheet = value as Sheet | null;
  return (
    typeof sheet?.id === "string" &&
    Array.isArray(sheet.strokes) &&
    sheet.strokes.every(isStroke) &&
    (sheet.picture === null || isPicture(sheet.picture))
  );
}

export function isPixels(value: unknown): value is Pixels {
  const pixels = value as Pixels | null;
  return (
    typeof pixels?.id === "string" &&
    Array.isArray(pixels.grid) &&
    pixels.grid.length === SIDE * SIDE &&
    pixels.grid.every((ink) => typeof ink === "number" && ink >= 0 && ink <= 255)
  );
}

function isStroke(value: unknown): value is Stroke {
  const stroke = value as Stroke | null;
  return (
    Number.isFinite(stroke?.width) &&
    Array.isArray(stroke?.points) &&
    stroke.points.every((point) => Array.isArray(point) && point.every(Number.isFinite))
  );
}

function isPicture(value: unknown): value is Picture {
  const picture = value as Picture | null;
  return typeof picture?.name === "string" && /^data:image\//.test(picture?.url ?? "");
}
