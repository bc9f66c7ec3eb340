/** Recent drawings with their predictions, newest first. They are stored only in the browser. */

import * as v from "valibot";
import { DigitSchema, NameSchema, ProbabilitySchema, SeenSchema } from "./api/responses";
import { type DigitDrawing, FreehandDrawingSchema, PixelDrawingSchema } from "./drawing";

export interface RecentDrawing {
  readonly id: string;
  readonly drawing: DigitDrawing;
  /** The name of the predicted class; null if the drawing was rejected. */
  readonly label: string | null;
  readonly confidence: number;
  /** The network's input, as a data URL. */
  readonly seen: string;
}

export const MAX_RECENT_DRAWINGS = 12;

/** Add a drawing at the front, in place of an earlier version of it. */
export function addRecent(
  recents: readonly RecentDrawing[],
  recent: RecentDrawing,
): readonly RecentDrawing[] {
  return [recent, ...recents.filter(({ id }) => id !== recent.id)].slice(0, MAX_RECENT_DRAWINGS);
}

const entries = {
  id: v.pipe(v.string(), v.maxLength(100)),
  drawing: v.variant("mode", [FreehandDrawingSchema, PixelDrawingSchema]),
  confidence: ProbabilitySchema,
  seen: SeenSchema,
};

const RecentDrawingSchema = v.union([
  v.object({ ...entries, label: v.nullable(NameSchema) }),
  // As earlier versions of the page stored them.
  v.pipe(
    v.object({ ...entries, digit: v.nullable(DigitSchema) }),
    v.transform(({ digit, ...recent }) => ({
      ...recent,
      label: digit === null ? null : String(digit),
    })),
  ),
]);

/** The stored list; invalid entries are dropped and the others kept. */
export const RecentDrawingsSchema = v.pipe(
  v.array(v.unknown()),
  v.transform((stored) =>
    stored
      .flatMap((value) => {
        const result = v.safeParse(RecentDrawingSchema, value, { abortEarly: true });
        return result.success ? [result.output] : [];
      })
      .reduceRight<readonly RecentDrawing[]>((recents, recent) => addRecent(recents, recent), []),
  ),
);
