/** The last drawings with their answers, newest first; they stay in this browser. */

import * as v from "valibot";
import { DIGIT, PROBABILITY, SEEN } from "./api/answers";
import { KEPT_PIXELS, KEPT_SHEET, type Pixels, type Sheet } from "./sheet";

export type Drawn =
  | { readonly kind: "sheet"; readonly sheet: Sheet }
  | { readonly kind: "pixels"; readonly pixels: Pixels };

export interface Recent {
  readonly id: string;
  readonly drawn: Drawn;
  readonly digit: number | null;
  readonly confidence: number;
  /** What the network saw, as a data URL. */
  readonly seen: string;
}

export const MOST_RECENTS = 12;

/** With one more drawing, or with a newer answer to one that is there already. */
export function remember(recents: readonly Recent[], recent: Recent): readonly Recent[] {
  return [recent, ...recents.filter(({ id }) => id !== recent.id)].slice(0, MOST_RECENTS);
}

const KEPT_RECENT = v.object({
  id: v.pipe(v.string(), v.maxLength(100)),
  drawn: v.variant("kind", [
    v.object({ kind: v.literal("sheet"), sheet: KEPT_SHEET }),
    v.object({ kind: v.literal("pixels"), pixels: KEPT_PIXELS }),
  ]),
  digit: v.nullable(DIGIT),
  confidence: PROBABILITY,
  seen: SEEN,
});

/** The drawings that were kept; what does not fit among them is left out, and the others stay. */
export const KEPT_RECENTS = v.pipe(
  v.array(v.unknown()),
  v.transform((kept) =>
    kept
      .flatMap((value) => {
        const result = v.safeParse(KEPT_RECENT, value, { abortEarly: true });
        return result.success ? [result.output] : [];
      })
      .reduceRight<readonly Recent[]>((recents, recent) => remember(recents, recent), []),
  ),
);
