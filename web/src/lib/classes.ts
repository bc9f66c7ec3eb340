/** The names of a model's classes. They are data from the API, and shown as text only. */

import type { Model, Prediction } from "./api/client";

export const DIGITS: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Names of the classes that have a probability: without the last output, for non-digits. */
export function classesOf(model: Pick<Model, "class_names" | "rejects_non_digits">) {
  return model.rejects_non_digits ? model.class_names.slice(0, -1) : model.class_names;
}

export function areDigits(classes: readonly string[]): boolean {
  return classes.length === DIGITS.length && DIGITS.every((name, index) => name === classes[index]);
}

/** Names of the classes that a prediction has probabilities for, as far as they are known.
 *
 * @param models  the models that the API has listed
 */
export function classesOfPrediction(
  prediction: Pick<Prediction, "model" | "digit" | "label" | "probabilities">,
  models: readonly Model[],
): readonly string[] {
  const { model, digit, label, probabilities } = prediction;
  const listed = models.find(({ digest }) => digest === model.digest);
  const classes = listed ? classesOf(listed) : [];
  if (classes.length === probabilities.length) return classes;
  if (digit !== null || (label === null && probabilities.length === DIGITS.length)) return DIGITS;
  // The list of models is missing or outdated. The label is the name of the most likely class.
  const best = probabilities.indexOf(Math.max(...probabilities));
  return probabilities.map((_, index) => (index === best && label ? label : `Class ${index + 1}`));
}

/** A class with its place among the classes, and its probability if there is a prediction. */
export interface Row {
  readonly index: number;
  readonly name: string;
  readonly probability: number | undefined;
}

export const MAX_ROWS = 10;

/** The classes to show: all of them, in order, or of many the most likely ones, likeliest first. */
export function shownRows(
  classes: readonly string[],
  probabilities: readonly number[] | undefined,
): readonly Row[] {
  const rows = classes.map((name, index) => ({ index, name, probability: probabilities?.[index] }));
  if (rows.length <= MAX_ROWS) return rows;
  return rows
    .toSorted((a, b) => (b.probability ?? 0) - (a.probability ?? 0) || a.index - b.index)
    .slice(0, MAX_ROWS);
}

/** Some of the classes, for a sentence: "Coat, Dress, Shirt and 7 more". */
export function listClasses(classes: readonly string[], max_length = 60): string {
  const shown: string[] = [];
  let length = 0;
  for (const name of classes) {
    length += name.length + 2;
    if (shown.length > 0 && length > max_length) break;
    shown.push(name);
  }
  const more = classes.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return [shown.slice(0, -1).join(", "), ...shown.slice(-1)].filter(Boolean).join(" or ");
}
