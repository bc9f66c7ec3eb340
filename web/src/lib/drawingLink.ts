/** A drawing as a short text for a link.
 *
 * A checksum, the kind of drawing, and its strokes or pixels, as bytes in base64url. Coordinates are
 * quantized to quarters of a unit, a fortieth of the network's pixels, and a point is stored as its
 * difference from the one before, mostly in two bytes: a digit takes about 300 characters. Deflate
 * would save a quarter of them, but a link could then expand to anything.
 */

import * as v from "valibot";
import {
  type Drawing,
  FreehandDrawingSchema,
  newFreehandDrawing,
  newNumberDrawing,
  newPixelDrawing,
  PixelDrawingSchema,
} from "./drawing";
import { GRID_SIZE } from "./grid";
import type { Point, Stroke } from "./strokes";

/** Longer texts are neither made nor decoded. */
export const MAX_TEXT_LENGTH = 12_000;

const STEPS = 4; // in a unit of the drawing area
const PRESSURE_STEPS = 255;
const CHECKSUM_BYTES = 4;
/** The first byte after the checksum; other numbers are for later versions. */
const KINDS = ["", "freehand", "pixels", "number"] as const satisfies readonly (
  | ""
  | Drawing["mode"]
)[];

/** The text of a drawing, without an opened image and without corrections; null if it is too long. */
export function encodeDrawing(drawing: Drawing): string | null {
  const writer = new Writer();
  writer.byte(KINDS.indexOf(drawing.mode));
  if (drawing.mode === "pixels") writeGrid(writer, drawing.grid);
  else for (const stroke of drawing.strokes) writeStroke(writer, stroke);
  // Four characters for three bytes.
  if (((writer.bytes.length + CHECKSUM_BYTES) * 4) / 3 > MAX_TEXT_LENGTH) return null;
  const bytes = [...checksum(writer.bytes), ...writer.bytes];
  const text = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The drawing of a text, with a new id; null if the text is damaged, or too long. */
export function decodeDrawing(text: string): Drawing | null {
  if (text.length > MAX_TEXT_LENGTH || !/^[\w-]+$/.test(text)) return null;
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Array.from(binary, (character) => character.charCodeAt(0));
    const content = bytes.slice(CHECKSUM_BYTES);
    if (checksum(content).some((byte, index) => byte !== bytes[index])) return null;
    return decode(new Reader(content));
  } catch {
    return null;
  }
}

/** @throws RangeError, ValiError */
function decode(reader: Reader): Drawing | null {
  const mode = KINDS[reader.byte()];
  if (mode === "pixels") return v.parse(PixelDrawingSchema, newPixelDrawing(readGrid(reader)));
  if (mode !== "freehand" && mode !== "number") return null;
  const strokes: Stroke[] = [];
  while (!reader.atEnd) strokes.push(readStroke(reader));
  const { strokes: valid } = v.parse(FreehandDrawingSchema, newFreehandDrawing({ strokes }));
  const make = mode === "number" ? newNumberDrawing : newFreehandDrawing;
  return make({ strokes: valid });
}

function writeStroke(writer: Writer, { points, width, hasPressure }: Stroke) {
  writer.number(2 * points.length + Number(hasPressure));
  writer.number(Math.round(width * STEPS));
  let [lastX, lastY] = [0, 0];
  for (const [x, y, pressure] of points) {
    const [stepX, stepY] = [Math.round(x * STEPS), Math.round(y * STEPS)];
    writer.signed(stepX - lastX);
    writer.signed(stepY - lastY);
    if (hasPressure) writer.byte(Math.round(pressure * PRESSURE_STEPS));
    [lastX, lastY] = [stepX, stepY];
  }
}

function readStroke(reader: Reader): Stroke {
  const head = reader.number();
  const [length, hasPressure] = [Math.floor(head / 2), head % 2 === 1];
  const width = reader.number() / STEPS;
  let [x, y] = [0, 0];
  const points: Point[] = [];
  // A false length ends at the end of the bytes.
  while (points.length < length) {
    x += reader.signed() / STEPS;
    y += reader.signed() / STEPS;
    points.push([x, y, hasPressure ? reader.byte() / PRESSURE_STEPS : 0.5]);
  }
  return { points, width, hasPressure };
}

/** Runs of equal pixels: their value and how many. */
function writeGrid(writer: Writer, grid: readonly number[]) {
  for (let start = 0; start < grid.length; ) {
    const value = grid[start];
    let end = start;
    while (end < grid.length && grid[end] === value) end++;
    writer.byte(Math.round(value ?? 0));
    writer.number(end - start);
    start = end;
  }
}

function readGrid(reader: Reader): number[] {
  const grid: number[] = [];
  while (!reader.atEnd) {
    const value = reader.byte();
    const run = reader.number();
    if (run > GRID_SIZE * GRID_SIZE) throw new RangeError("the run is longer than the grid");
    grid.push(...Array<number>(run).fill(value));
    if (grid.length > GRID_SIZE * GRID_SIZE) throw new RangeError("the grid is too long");
  }
  return grid;
}

/** Writes whole numbers: seven bits a byte, the lowest first. */
class Writer {
  readonly bytes: number[] = [];

  byte(value: number) {
    this.bytes.push(value);
  }

  number(value: number) {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.byte((rest % 128) + 128);
    this.byte(rest);
  }

  /** Small numbers of either sign in one byte. */
  signed(value: number) {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }
}

/** Reads what `Writer` has written; throws RangeError at the end. */
class Reader {
  #position = 0;

  constructor(private readonly bytes: readonly number[]) {}

  get atEnd() {
    return this.#position >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.#position];
    if (byte === undefined) throw new RangeError("the text ends too early");
    this.#position += 1;
    return byte;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 35; factor *= 128) {
      const byte = this.byte();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError("the number is too large");
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}

/** FNV-1a: a shortened or mistyped link is not a drawing. It does not keep anyone from making one. */
function checksum(bytes: readonly number[]): number[] {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return [24, 16, 8, 0].map((shift) => (hash >>> shift) & 255);
}
