/** What samples have changed, in one line: what was recognized before, and what is now. */

import { formatPercent } from "../format";
import type { ChangedSample, ProfileChange } from "./api";

/** Of one digit: "Before: 9 (71.3%). Now: 4 (93.1%)." */
export function digitChange({ before, after }: Pick<ChangedSample, "before" | "after">): string {
  return `Before: ${recognized(before)}. Now: ${recognized(after)}.`;
}

/** Of the digits of a number: "Before: 351. Now: 361." A dash is a digit that is rejected. */
export function numberChange(samples: readonly ChangedSample[]): string {
  const text = (when: "before" | "after") =>
    samples.map((sample) => sample[when].digit ?? "–").join("");
  return `Before: ${text("before")}. Now: ${text("after")}.`;
}

/** Of several digits: "Before: 8 of 10 right. Now: 10 of 10." */
export function digitsChange(samples: readonly ChangedSample[]): string {
  const right = (when: "before" | "after") =>
    samples.filter((sample) => sample[when].digit === sample.label).length;
  const { length } = samples;
  return `Before: ${right("before")} of ${length} right. Now: ${right("after")} of ${length}.`;
}

/** Why a change is weaker than it was fitted; "" if it is not. */
export function limitText({ strength }: ProfileChange["personal_model"]): string {
  if (strength >= 1) return "";
  return strength > 0
    ? "Its effect was limited, so that other people’s digits are still recognized."
    : "It has no effect yet, so that other people’s digits are still recognized.";
}

function recognized({ digit, confidence }: ChangedSample["before"]): string {
  return digit === null ? "not a digit" : `${digit} (${formatPercent(confidence)})`;
}
