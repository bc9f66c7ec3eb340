/** Undo histories as they are stored, so that undo works after a reload.
 *
 * Most steps add one stroke to the drawing before: the strokes, images, grids and corrections of all
 * steps are stored once, as parts, and each step lists the places of its parts.
 */

import * as v from "valibot";
import {
  type Drawing,
  type FreehandDrawing,
  FreehandDrawingSchema,
  GridSchema,
  IdSchema,
  ImageSchema,
  type NumberDrawing,
  type OpenedImage,
  type PixelDrawing,
  PixelDrawingSchema,
  StrokeSchema,
} from "./drawing";
import { createHistory, type History } from "./history";
import { ChoiceSchema, CorrectionSchema } from "./numberEdits";
import type { Stroke } from "./strokes";

const MAX_STEPS = 50;
/** Browsers store about five million characters for a page. */
const MAX_CHARACTERS = 2_500_000;

/** A step: the id of the drawing, and the places of its parts. */
type Step = readonly [id: string, parts: readonly number[]];

interface SavedHistory {
  readonly parts: readonly unknown[];
  readonly steps: readonly Step[];
  /** The place of the current step. */
  readonly present: number;
}

/** What is stored of a history: as many steps around the present as fit.
 *
 * @param max_steps       limit on the undo steps, and on the redo steps
 * @param max_characters  limit on the length of all parts; the present is kept in any case
 */
export function encodeHistory(
  history: History<Drawing>,
  max_steps = MAX_STEPS,
  max_characters = MAX_CHARACTERS,
): SavedHistory {
  const places = new Map<object, number>();
  let characters = 0;
  const encode = (drawing: Drawing): Step | null => {
    const parts = partsOf(drawing);
    const added = [...new Set(parts)].filter((part) => !places.has(part));
    const length = added.reduce((sum, part) => sum + JSON.stringify(part).length, 0);
    if (places.size > 0 && characters + length > max_characters) return null;
    characters += length;
    for (const part of added) places.set(part, places.size);
    return [drawing.id, parts.map((part) => places.get(part) as number)];
  };
  const encodeUntilFull = (drawings: readonly Drawing[]) => {
    const steps: Step[] = [];
    for (const drawing of drawings) {
      const step = encode(drawing);
      if (!step) break;
      steps.push(step);
    }
    return steps;
  };
  const present = encodeUntilFull([history.present]);
  // The steps nearest to the present first: those are the ones to keep.
  const past = encodeUntilFull(history.past.toReversed().slice(0, max_steps)).toReversed();
  const future = encodeUntilFull(history.future.slice(0, max_steps));
  return {
    parts: [...places.keys()],
    steps: [...past, ...present, ...future],
    present: past.length,
  };
}

function partsOf(drawing: Drawing): readonly object[] {
  if (drawing.mode === "pixels") return [drawing.grid];
  const ink = [...drawing.strokes, ...(drawing.image ? [drawing.image] : [])];
  if (drawing.mode === "freehand") return ink;
  const { corrections, choice } = drawing.edits;
  return [...ink, ...corrections, ...(choice ? [choice] : [])];
}

const FreehandPartSchema = v.union([StrokeSchema, ImageSchema]);

/** A stored freehand history, or the drawing alone, as earlier versions of the page stored it. */
export const FreehandHistorySchema: v.GenericSchema<unknown, History<FreehandDrawing>> = v.union([
  historySchema(FreehandPartSchema, (id, parts): FreehandDrawing | undefined => {
    const ink = decodeInk(parts);
    return ink && { mode: "freehand", id, ...ink };
  }),
  v.pipe(
    FreehandDrawingSchema,
    v.transform((drawing) => createHistory<FreehandDrawing>(drawing)),
  ),
]);

function decodeInk(parts: readonly object[]) {
  const images = parts.filter((part): part is OpenedImage => "url" in part);
  if (images.length > 1) return undefined;
  const strokes = parts.filter((part): part is Stroke => "points" in part);
  return { strokes, image: images[0] ?? null };
}

const NumberPartSchema = v.union([StrokeSchema, ImageSchema, CorrectionSchema, ChoiceSchema]);

/** The same for the number mode. */
export const NumberHistorySchema: v.GenericSchema<unknown, History<NumberDrawing>> = historySchema(
  NumberPartSchema,
  (id, parts): NumberDrawing | undefined => {
    const ink = decodeInk(parts);
    const choices = parts.filter((part) => "insteadOf" in part);
    if (!ink || choices.length > 1) return undefined;
    const corrections = parts.filter((part) => "box" in part);
    return { mode: "number", id, ...ink, edits: { corrections, choice: choices[0] ?? null } };
  },
);

/** The same for the pixel mode. */
export const PixelHistorySchema: v.GenericSchema<unknown, History<PixelDrawing>> = v.union([
  historySchema(GridSchema, (id, parts): PixelDrawing | undefined => {
    const [grid, ...more] = parts;
    return grid && more.length === 0 ? { mode: "pixels", id, grid } : undefined;
  }),
  v.pipe(
    PixelDrawingSchema,
    v.transform((drawing) => createHistory<PixelDrawing>(drawing)),
  ),
]);

/** A schema of what `encodeHistory` returns; `decode` makes a step of its parts, if they are valid. */
function historySchema<Part extends object, State>(
  part: v.GenericSchema<unknown, Part>,
  decode: (id: string, parts: readonly Part[]) => State | undefined,
) {
  return v.pipe(
    v.object({
      parts: v.array(part),
      steps: v.pipe(
        v.array(v.tuple([IdSchema, v.array(v.number())])),
        v.maxLength(2 * MAX_STEPS + 1),
      ),
      present: v.number(),
    }),
    v.rawTransform(({ dataset, addIssue, NEVER }): History<State> => {
      const { parts, steps, present } = dataset.value;
      const states = steps.flatMap(([id, places]) => {
        const found = places.map((place) => parts[place]).filter((part) => part !== undefined);
        const state = found.length === places.length ? decode(id, found) : undefined;
        return state ? [state] : [];
      });
      const current = states[present];
      if (current === undefined || states.length < steps.length) {
        addIssue({ message: "a step is not valid" });
        return NEVER;
      }
      return {
        ...createHistory(current),
        past: states.slice(0, present),
        future: states.slice(present + 1),
      };
    }),
  );
}
