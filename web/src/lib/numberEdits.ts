/** What a person changes of an answer in number mode: corrected digits, or another text.
 *
 * A correction belongs to a place on the sheet, so it stays while one writes on, and ends when its
 * digit is changed or erased. All boxes are in the unit of the sheet.
 */

import * as v from "valibot";
import { DigitSchema } from "./api/responses";
import type { Stroke } from "./strokes";

export type Box = readonly [left: number, top: number, width: number, height: number];

export interface Correction {
  readonly box: Box;
  readonly digit: number;
}

/** Another text in place of one that has more or fewer digits. */
export interface Choice {
  readonly text: string;
  /** The text that was recognized; if that changes, the choice no longer applies. */
  readonly insteadOf: string;
}

export interface Edits {
  readonly corrections: readonly Correction[];
  readonly choice: Choice | null;
}

export const NO_EDITS: Edits = { corrections: [], choice: null };

const MAX_COORDINATE = 100_000;
const CoordinateSchema = v.pipe(
  v.number(),
  v.minValue(-MAX_COORDINATE),
  v.maxValue(MAX_COORDINATE),
);
const TextSchema = v.pipe(v.string(), v.maxLength(100), v.regex(/^[0-9]+$/));

export const CorrectionSchema = v.object({
  box: v.strictTuple([CoordinateSchema, CoordinateSchema, CoordinateSchema, CoordinateSchema]),
  digit: DigitSchema,
});
export const ChoiceSchema = v.object({ text: TextSchema, insteadOf: TextSchema });

/** Least overlap of two boxes, as a share of their union, that are of the same digit. */
const MIN_OVERLAP = 0.5;

/** The correction of a digit with this box, if there is one. */
export function correctionAt(edits: Edits, box: Box): Correction | undefined {
  return edits.corrections.find((correction) => overlap(correction.box, box) >= MIN_OVERLAP);
}

/** Add a correction, in place of an earlier one of the same digit. */
export function withCorrection(edits: Edits, correction: Correction): Edits {
  const { corrections, choice } = withoutCorrection(edits, correction.box);
  return { corrections: [...corrections, correction], choice };
}

export function withoutCorrection(edits: Edits, box: Box): Edits {
  const { corrections, choice } = edits;
  return { corrections: corrections.filter((one) => overlap(one.box, box) < MIN_OVERLAP), choice };
}

/** Drop the corrections of the digits to which these strokes belong. */
export function withStrokesChanged(edits: Edits, strokes: readonly Stroke[]): Edits {
  const centers = strokes.map(centerOf);
  const corrections = edits.corrections.filter(
    ({ box }) => !centers.some((center) => contains(box, center)),
  );
  return corrections.length === edits.corrections.length ? edits : { ...edits, corrections };
}

export function contains([left, top, width, height]: Box, [x, y]: readonly [number, number]) {
  return x >= left && x <= left + width && y >= top && y <= top + height;
}

/** Center of a stroke's bounding box. */
function centerOf({ points }: Stroke): [x: number, y: number] {
  const range = (axis: 0 | 1) => {
    const values = points.map((point) => point[axis]);
    // Not Math.min(...values): a stroke may have more points than a call takes arguments.
    const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    return (low + values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)) / 2;
  };
  return [range(0), range(1)];
}

/** Area that two boxes share, divided by the area of both. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const intersection = Math.max(0, width) * Math.max(0, height);
  const union = a[2] * a[3] + b[2] * b[3] - intersection;
  return union > 0 ? intersection / union : 0;
}
