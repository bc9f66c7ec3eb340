/** What the view says about units, layers and changes. */

import type { Change, ExplainedLayer, Explanation } from "../api/client";
import { formatPercent } from "../format";
import { formatNumber } from "./formula";
import { layerName, mapSize, type UnitPlace } from "./layers";

/** A unit in words: "map 4, row 3, column 5". */
export function unitName(
  layer: Pick<ExplainedLayer, "shape">,
  { index }: UnitPlace,
  names?: readonly string[],
): string {
  if (mapSize(layer.shape)) {
    const [row = 0, column = 0, channel = 0] = index;
    return `map ${channel + 1}, row ${row + 1}, column ${column + 1}`;
  }
  const [unit = 0] = index;
  return names?.[unit] ? `class ${names[unit]}` : `unit ${unit + 1}`;
}

/** One input of a dense layer: "map 4, row 3, column 5", "pixel in row 3, column 5" or "unit 8". */
export function inputName(place: number, shape: readonly number[]): string {
  const [, width = 1, channels = 1] = shape;
  if (shape.length === 1) return `unit ${place + 1}`;
  const cell = Math.floor(place / channels);
  const at = `row ${Math.floor(cell / width) + 1}, column ${(cell % width) + 1}`;
  return channels === 1 ? `pixel in ${at}` : `map ${(place % channels) + 1}, ${at}`;
}

/** A layer in a sentence: "the convolution in layer 2". */
export function layerInWords(layer: Pick<ExplainedLayer, "type" | "index">): string {
  const name = layerName(layer.type);
  return `${/^(ReLU|Sigmoid)$/.test(name) ? name : name.toLowerCase()}, layer ${layer.index}`;
}

export function shapeInWords(shape: readonly number[]): string {
  return shape.join(" × ");
}

export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** What a change of the ink does, in a sentence. */
export function changeText({ found, reason, added, removed, prediction }: Change): string {
  if (!found || !prediction) return reason ?? "No small change was found.";
  const parts = [
    added.length > 0 && `${countOf(added.length, "pixel")} of ink added`,
    removed.length > 0 && `${countOf(removed.length, "pixel")} removed`,
  ].filter(Boolean);
  const answer =
    prediction.label === null
      ? "it is rejected"
      : `the answer is ${prediction.label}, with ${formatPercent(prediction.confidence)}`;
  return `With ${parts.join(" and ")}, ${answer}.`;
}

/** What was asked of a class: "Why a 7?", or "Why not a 7?" if the answer is another one. */
export function question(target: string, answer: string | null): string {
  const article = /^(8|11|18|[aeiou])/i.test(target) ? "an" : "a";
  return `${answer === target ? "Why" : "Why not"} ${article} ${target}?`;
}

/** Whether the drawing is rejected as a non-digit, and how clearly. */
export function rejectionText(rejection: NonNullable<Explanation["rejection"]>): string {
  const { score, threshold, margin, rejected, reason } = rejection;
  if (reason === "blank") return "The drawing is blank.";
  if (score === null || threshold === null || margin === null) {
    return "This model accepts every drawing: it has no output for non-digits.";
  }
  const numbers = `Its non-digit score is ${formatNumber(score, 2)}; above ${formatNumber(threshold, 2)}, a drawing is rejected.`;
  const by = formatNumber(Math.abs(margin), 2);
  return rejected
    ? `Rejected. ${numbers} The score would have to be lower by ${by}.`
    : `Accepted as a digit. ${numbers} The score would have to be higher by ${by} to be rejected.`;
}

/** What the similar digits are: "All of the 10 nearest are a 7." */
export function neighborsText(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [[first, most] = ["", 0], ...others] = [...counts].toSorted((a, b) => b[1] - a[1]);
  if (labels.length === 0) return "None.";
  const nearest = `the ${labels.length} nearest training digits`;
  if (others.length === 0) return `All of ${nearest} are labeled ${first}.`;
  const rest = others.map(([label, count]) => `${count} labeled ${label}`).join(", ");
  return `Of ${nearest}, ${most} are labeled ${first}, ${rest}.`;
}
