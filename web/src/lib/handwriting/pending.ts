/** Digits that were written and are not yet on the server: they survive a reload of the page. */

import * as v from "valibot";
import type { PredictionBody } from "../api/client";
import { SeenSchema } from "../api/responses";
import { IdSchema, StrokeSchema } from "../drawing";
import type { NewSample, ProfileSample } from "../profiles/api";
import { load, remove, save } from "../storage";
import type { Stroke } from "../strokes";

export interface PendingDigit {
  readonly id: string;
  readonly label: number;
  readonly strokes: readonly Stroke[];
  /** What the network sees of it, once that is known. */
  readonly seen: string | null;
}

const NAME = "handwriting-pending";
/** The largest difference between a coordinate and the same one on the server, which has float32. */
const TOLERANCE = 0.01;

const PendingSchema = v.pipe(
  v.array(
    v.object({
      id: IdSchema,
      label: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9)),
      strokes: v.pipe(v.array(StrokeSchema), v.minLength(1)),
      seen: v.nullable(SeenSchema),
    }),
  ),
  v.maxLength(100),
);

export const loadPending = (): readonly PendingDigit[] =>
  load("session", NAME, PendingSchema) ?? [];

export function savePending(pending: readonly PendingDigit[]): void {
  if (pending.length === 0) remove("session", NAME);
  else save("session", NAME, pending);
}

/** The strokes as the API takes them. */
export function drawingOf(strokes: readonly Stroke[]): PredictionBody {
  return {
    strokes: strokes.map(({ points, width }) => ({
      points: points.map(([x, y]): [number, number] => [x, y]),
      width,
    })),
  };
}

export const newSampleOf = ({ label, strokes }: PendingDigit): NewSample => ({
  label,
  source: "drawn",
  ...drawingOf(strokes),
});

/** The digits that the server does not have: a response may be lost, and a tab be closed too early. */
export function withoutKept(
  pending: readonly PendingDigit[],
  samples: readonly ProfileSample[],
): readonly PendingDigit[] {
  const left = pending.filter((digit) => !samples.some((sample) => isSame(digit, sample)));
  return left.length === pending.length ? pending : left;
}

function isSame({ label, strokes }: PendingDigit, sample: ProfileSample): boolean {
  const kept = sample.strokes;
  return (
    sample.label === label &&
    kept?.length === strokes.length &&
    strokes.every(({ points }, index) => {
      const others = kept[index]?.points;
      return (
        others?.length === points.length &&
        points.every(
          ([x, y], at) =>
            Math.abs(x - (others[at]?.[0] ?? 0)) < TOLERANCE &&
            Math.abs(y - (others[at]?.[1] ?? 0)) < TOLERANCE,
        )
      );
    })
  );
}
