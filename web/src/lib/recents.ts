/** The last drawings with their answers, newest first; they stay in this browser. */

import { isPixels, isSheet, type Pixels, type Sheet } from "./sheet";

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

export function areRecents(value: unknown): value is Recent[] {
  return Array.isArray(value) && value.every(isRecent);
}

function isRecent(value: unknown): boolean {
  const recent = value as Recent | null;
  const drawn = recent?.drawn;
  return (
    typeof recent?.id === "string" &&
    (recent.digit === null || Number.isInteger(recent.digit)) &&
    typeof recent.confidence === "number" &&
    typeof recent.seen === "string" &&
    recent.seen.startsWith("data:image/png;base64,") &&
    (drawn?.kind === "sheet" ? isSheet(drawn.sheet) : isPixels(drawn?.pixels))
  );
}
