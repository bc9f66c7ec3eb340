/** Numbers: what is shown of an answer together with what a person has changed of it. */

import type { NumberAnswer } from "./api/client";
import type { OpenedImage } from "./drawing";
import {
  type Box,
  correctionAt,
  type Edits,
  NO_EDITS,
  withCorrection,
  withoutCorrection,
} from "./numberEdits";
import { CANVAS_SIZE, IMAGE_HEIGHT, NUMBER_WIDTH } from "./strokes";

/** An answer with boxes in the unit of the sheet. */
export interface SheetAnswer extends Omit<NumberAnswer, "digits"> {
  readonly digits: readonly (Omit<NumberAnswer["digits"][number], "box"> & { readonly box: Box })[];
  /** Whether the boxes are known; otherwise they divide the sheet evenly. */
  readonly located: boolean;
}

export const MAX_CANDIDATES = 5;
/** Least width of a label below a digit, as a share of the sheet, if all fit: a finger can hit it on a phone. */
export const MIN_LABEL_SHARE = 0.075;

export interface ShownDigit {
  readonly digit: number;
  /** What the network recognized; null in a text that a person has chosen instead. */
  readonly predicted: number | null;
  readonly probabilities: readonly number[] | undefined;
  readonly box: Box;
  /** Whether a person has corrected it. */
  readonly yours: boolean;
}

export interface ShownNumber {
  readonly digits: readonly ShownDigit[];
  /** The digits alone. */
  readonly text: string;
  /** The text that was recognized, also if it was rejected. */
  readonly recognized: string;
  /** Whether the boxes are those of the digits. */
  readonly located: boolean;
  /** Whether it is another text that a person has chosen. */
  readonly chosen: boolean;
  /** Whether a person has changed it. */
  readonly edited: boolean;
}

/** An answer with a person's changes. */
export function shownNumber(answer: SheetAnswer, edits: Edits = NO_EDITS): ShownNumber {
  const recognized = answer.digits.map(({ digit }) => digit).join("");
  if (edits.choice?.insteadOf === recognized) {
    const { text } = edits.choice;
    const boxes = spreadBoxes(
      answer.digits.map(({ box }) => box),
      text.length,
    );
    const digits = boxes.map((box, index) => ({
      digit: Number(text[index]),
      predicted: null,
      probabilities: undefined,
      box,
      yours: true,
    }));
    return { digits, text, recognized, located: false, chosen: true, edited: true };
  }
  const digits = answer.digits.map(({ digit: predicted, probabilities, box }) => {
    const digit = correctionAt(edits, box)?.digit ?? predicted;
    return { digit, predicted, probabilities, box, yours: digit !== predicted };
  });
  const text = digits.map(({ digit }) => digit).join("");
  const { located } = answer;
  return { digits, text, recognized, located, chosen: false, edited: text !== recognized };
}

/** Correct one digit; the recognized digit takes the correction back. */
export function correctDigit(
  shown: ShownNumber,
  edits: Edits,
  index: number,
  digit: number,
): Edits {
  const corrected = shown.digits[index];
  if (!corrected) return edits;
  if (shown.chosen) {
    const text = [...shown.text].with(index, String(digit)).join("");
    return { ...edits, choice: { text, insteadOf: shown.recognized } };
  }
  return digit === corrected.predicted
    ? withoutCorrection(edits, corrected.box)
    : withCorrection(edits, { box: corrected.box, digit });
}

/** Take the correction of one digit back; of a chosen text, the whole choice. */
export function uncorrectDigit(shown: ShownNumber, edits: Edits, index: number): Edits {
  const box = shown.digits[index]?.box;
  if (shown.chosen || !box) return { ...edits, choice: null };
  return withoutCorrection(edits, box);
}

/** Choose a whole text, such as one of the candidates. */
export function chooseText(answer: SheetAnswer, edits: Edits, text: string): Edits {
  const recognized = shownNumber(answer);
  const none: Edits = { ...edits, choice: null };
  if (text.length !== recognized.digits.length) {
    return { ...none, choice: { text, insteadOf: recognized.recognized } };
  }
  return recognized.digits.reduce<Edits>(
    (edits, _, index) => correctDigit(recognized, edits, index, Number(text[index])),
    none,
  );
}

/** The shown text with the separators that the answer has found. */
export function withSeparators(shown: ShownNumber, separators: NumberAnswer["separators"]): string {
  // In a text of another length, their places are unknown.
  if (shown.chosen) return shown.text;
  const before = (position: number) =>
    separators
      .filter((separator) => separator.position === position)
      .map(({ symbol }) => symbol)
      .join("");
  return [...shown.text, ""].map((digit, index) => before(index) + digit).join("");
}

/** Index of the digit that the network is least sure of; null if there is none. */
export function leastSure(digits: readonly ShownDigit[]): number | null {
  const certainty = ({ yours, predicted, probabilities }: ShownDigit) =>
    yours || predicted === null ? 1 : (probabilities?.[predicted] ?? 1);
  const least = digits.reduce(
    (best, digit, index) =>
      certainty(digit) < certainty(digits[best] as ShownDigit) ? index : best,
    0,
  );
  return digits.length > 0 ? least : null;
}

/** Convert the boxes of an answer from pixels of the image that was sent to the unit of the sheet.
 *
 * @param image  null if a drawing of the size of the sheet was sent
 */
export function onSheet(answer: NumberAnswer, image: OpenedImage | null): SheetAnswer {
  const [width, height] = image ? (image.size ?? [0, 0]) : [NUMBER_WIDTH, CANVAS_SIZE];
  const sheetHeight = image ? IMAGE_HEIGHT : CANVAS_SIZE;
  // As SVG fits an image into a rectangle.
  const scale = Math.min(NUMBER_WIDTH / width, sheetHeight / height);
  const left = (NUMBER_WIDTH - scale * width) / 2;
  const top = (sheetHeight - scale * height) / 2;
  const located = width > 0 && answer.digits.every(({ box }) => box !== null);
  const share = NUMBER_WIDTH / answer.digits.length;
  const digits = answer.digits.map((digit, index) => {
    const [x = 0, y = 0, w = 0, h = 0] = digit.box ?? [];
    const box: Box = located
      ? [left + scale * x, top + scale * y, scale * w, scale * h]
      : [index * share, 0, share, CANVAS_SIZE];
    return { ...digit, box };
  });
  return { ...answer, digits, located };
}

/** Places of labels below the centers of boxes, moved apart where these are too close.
 *
 * Each place is as close to its center as the others allow (isotonic regression by pooling adjacent
 * violators).
 *
 * @param gap  least distance of two places, and twice that from the ends of the range from 0 to 1
 * @returns  centers of the labels, from 0 to 1, left to right
 */
export function spreadLabels(centers: readonly number[], gap: number): number[] {
  const pools: { sum: number; count: number }[] = [];
  for (const [index, center] of centers.entries()) {
    let pool = { sum: center - index * gap, count: 1 };
    for (let last = pools.at(-1); last && mean(last) >= mean(pool); last = pools.at(-1)) {
      pools.pop();
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
    }
    pools.push(pool);
  }
  const highest = 1 - gap / 2 - (centers.length - 1) * gap;
  return pools
    .flatMap((pool) => Array<number>(pool.count).fill(mean(pool)))
    .map((place, index) => Math.max(gap / 2, Math.min(highest, place)) + index * gap);
}

function mean({ sum, count }: { sum: number; count: number }): number {
  return sum / count;
}

/** Boxes of equal width that together take the place of the given ones. */
function spreadBoxes(boxes: readonly Box[], count: number): Box[] {
  const [left, top, right, bottom] = boxes.reduce(
    ([left, top, right, bottom], [x, y, width, height]) => [
      Math.min(left, x),
      Math.min(top, y),
      Math.max(right, x + width),
      Math.max(bottom, y + height),
    ],
    [NUMBER_WIDTH, CANVAS_SIZE, 0, 0] as const,
  );
  const width = Math.max(0, right - left) / count;
  return Array.from({ length: count }, (_, index) => [
    left + index * width,
    top,
    width,
    Math.max(0, bottom - top),
  ]);
}
