/** The best score on this device, which is kept in the browser's storage and nowhere else. */

import * as v from "valibot";
import { DIGITS_IN_ROUND, type Score } from "./round";

export const ScoreSchema = v.object({
  right: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(DIGITS_IN_ROUND)),
  time_ms: v.pipe(v.number(), v.minValue(0), v.finite()),
});

/** Whether a score is better: more digits right, or as many in less time. */
export function isBetter(score: Score, best: Score | null): boolean {
  if (!best || score.right !== best.right) return score.right > (best?.right ?? -1);
  return score.time_ms < best.time_ms;
}

/** A score in words: "8 of 10 in 23.4 s". */
export function formatScore({ right, time_ms }: Score): string {
  return `${right} of ${DIGITS_IN_ROUND} in ${(time_ms / 1000).toFixed(1)} s`;
}
