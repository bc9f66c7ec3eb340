/** What the page says about a number. */

import type { Content } from "./drawing";
import { confidenceLabel, digitName, formatPercent } from "./format";
import { type SheetAnswer, type ShownDigit, type ShownNumber, shownNumber } from "./numbers";

export type NumberResult =
  | { readonly kind: "empty" }
  | { readonly kind: "blank"; readonly content: Content }
  | { readonly kind: "pending" }
  /** The API does not accept a constraint. */
  | { readonly kind: "invalid" }
  | { readonly kind: "answer"; readonly text: string; readonly confidence: number }
  /** `mostLikely` is "" if nothing in it looks like a digit. */
  | { readonly kind: "rejected"; readonly mostLikely: string }
  /** Corrected, or chosen in place of `recognized`. */
  | {
      readonly kind: "edited";
      readonly text: string;
      readonly recognized: string;
      readonly confidence: number;
    };

/** The result for a drawing.
 *
 * @param invalid  whether the API does not accept a constraint
 * @param write    how to write a number: with its separators, or without
 */
export function numberResult(
  content: Content,
  answer: SheetAnswer | undefined,
  shown: ShownNumber | undefined,
  invalid: boolean,
  write: (shown: ShownNumber) => string,
): NumberResult {
  if (content === "nothing") return { kind: "empty" };
  if (invalid) return { kind: "invalid" };
  if (answer?.reason === "blank") return { kind: "blank", content };
  if (!answer || !shown) return { kind: "pending" };
  const { confidence } = answer;
  const text = write(shown);
  const recognized = write(shownNumber(answer));
  if (shown.edited) return { kind: "edited", text, recognized, confidence };
  if (answer.text === null) return { kind: "rejected", mostLikely: recognized };
  return { kind: "answer", text, confidence };
}

/** The text of a result: a heading and a detail.
 *
 * @param live         whether the page predicts while one draws
 * @param outdated     whether the drawing or a constraint has changed since, and is not predicted
 * @param constrained  whether there are constraints
 */
export function numberText(
  result: NumberResult,
  live: boolean,
  outdated: boolean,
  constrained: boolean,
): [heading: string, detail: string] {
  if (outdated && result.kind !== "empty" && result.kind !== "pending") {
    return ["Something has changed", "This answer is for an earlier version. Press Predict."];
  }
  switch (result.kind) {
    case "empty":
      return ["No number yet", "Write a number, or open an image of one."];
    case "blank":
      return result.content === "image"
        ? ["This image is blank", "Nothing is written on it. Open another one, or write."]
        : ["There is no ink to read", "Write larger, or in the middle of the sheet."];
    case "pending":
      return live ? ["Reading your number…", ""] : ["Not read yet", "Press Predict."];
    case "invalid":
      return ["A constraint is not valid", "Correct it, or clear the constraints."];
    case "answer":
      return [
        confidenceLabel(result.confidence),
        `${formatPercent(result.confidence)} for ${result.text}`,
      ];
    case "rejected": {
      if (result.mostLikely) {
        const likely = `If it is one, most likely ${result.mostLikely}.`;
        return ["This does not look like a number", likely];
      }
      return constrained
        ? ["This does not look like such a number", "Nothing in it meets the constraints."]
        : ["This does not look like a number", "Nothing in it looks like a digit."];
    }
    case "edited": {
      const percent = formatPercent(result.confidence);
      return ["Corrected by you", `The network's answer: ${result.recognized}, ${percent}.`];
    }
  }
}

/** The same for screen readers, which would read 351 as one number; "" while it is pending. */
export function numberAnnouncement(
  result: NumberResult,
  outdated: boolean,
  constrained: boolean,
): string {
  const [heading, detail] = numberText(result, true, outdated, constrained);
  if (outdated) return `${heading}. ${detail}`;
  switch (result.kind) {
    case "answer": {
      const percent = formatPercent(result.confidence);
      return `Number: ${spelled(result.text)}. ${heading}, ${percent}.`;
    }
    case "edited":
      return `Number: ${spelled(result.text)}, corrected by you.`;
    case "pending":
      return "";
    default:
      return `${heading}.`;
  }
}

function spelled(text: string): string {
  const names: Record<string, string> = { ".": "point", ",": "comma", "-": "dash", $: "currency" };
  return [...text].map((sign) => names[sign] ?? digitName(Number(sign))).join(" ");
}

/** "Digit 2 of 5": its place, for a caption. */
export function digitPlace(index: number, count: number): string {
  return count === 1 ? "The only digit" : `Digit ${index + 1} of ${count}`;
}

/** The name of a digit's button: its place, the digit, and how sure it is. */
export function digitLabel(digit: ShownDigit, index: number, count: number): string {
  const { yours, predicted, probabilities } = digit;
  const probability = predicted === null ? undefined : probabilities?.[predicted];
  const certainty = yours
    ? ", corrected by you"
    : probability === undefined
      ? ""
      : `, ${formatPercent(probability)}`;
  return `${digitPlace(index, count)}: ${digitName(digit.digit)}${certainty}`;
}
