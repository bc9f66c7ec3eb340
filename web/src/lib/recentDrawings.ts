/** The last drawings with their answers, newest first; they stay in this browser. */

import * as v from "valibot";
import { DIGIT, PROBABILITY, SEEN } from "./api/responses";
import {
  type FreehandDrawing,
  FreehandDrawingSchema,
  type PixelDrawing,
  PixelDrawingSchema,
} from "./drawing";

export type Drawn =
  | { readonly kind: "sheet"; readonly sheet: FreehandDrawing }
  | { readonly kind: "pixels"; readonly pixels: PixelDrawing };

export interface RecentDrawing {
  readonly id: string;
  readonly drawn: Drawn;
  readonly digit: number | null;
  readonly confidence: number;
  /** What the network saw, as a data URL. */
  readonly seen: string;
}

export const MAX_RECENT_DRAWINGS = 12;

/** With one more drawing, or with a newer answer to one that is there already. */
export function addRecent(
  recents: readonly RecentDrawing[],
  recent: RecentDrawing,
): readonly RecentDrawing[] {
  return [recent, ...recents.filter(({ id }) => id !== recent.id)].slice(0, MAX_RECENT_DRAWINGS);
}

const RecentDrawingSchema = v.object({
  id: v.pipe(v.string(), v.maxLength(100)),
  drawn: v.variant("kind", [
    v.object({ kind: v.literal("sheet"), sheet: FreehandDrawingSchema }),
    v.object({ kind: v.literal("pixels"), pixels: PixelDrawingSchema }),
  ]),
  digit: v.nullable(DIGIT),
  confidence: PROBABILITY,
  seen: SEEN,
});

/** The drawings that were kept; what does not fit among them is left out, and the others stay. */
export const RecentDrawingsSchema = v.pipe(
  v.array(v.unknown()),
  v.transform((kept) =>
    kept
      .flatMap((value) => {
        const result = v.safeParse(RecentDrawingSchema, value, { abortEarly: true });
        return result.success ? [result.output] : [];
      })
      .reduceRight<readonly RecentDrawing[]>((recents, recent) => addRecent(recents, recent), []),
  ),
);
