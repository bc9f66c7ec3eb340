/** What the API may answer. Every answer is validated here before the page sees it.
 *
 * `answers.test.ts` does not compile if these schemas and the OpenAPI document disagree.
 */

import * as v from "valibot";

/** No answer is read beyond it; the largest, the list of models, takes a few kilobytes. */
export const MAX_RESPONSE_BYTES = 2 ** 20;

const MAX_MODELS = 100;
const MAX_NAME_LENGTH = 200;
const MAX_SUMMARY_LENGTH = 10_000;
const MAX_SEEN_LENGTH = 8192;
const MAX_DETAIL_LENGTH = 200;
const MAX_COUNT = 1e12;
const MAX_DURATION_MS = 3_600_000;
/** Probabilities are 32-bit numbers, which may not sum to 1 exactly. */
const SUM_TOLERANCE = 1e-3;

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_COUNT));
export const PROBABILITY = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
export const DIGIT = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9));

/** A PNG file of 28 by 28 pixels as a data URL. Its size stands in its first 24 bytes. */
export const SEEN = v.pipe(
  v.string(),
  v.maxLength(MAX_SEEN_LENGTH),
  v.regex(/^data:image\/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAc[A-Za-z0-9+/]+={0,2}$/),
);

const MODEL_NAME = v.object({ name, digest: name });

export const PREDICTION = v.object({
  digit: v.nullable(DIGIT),
  reason: v.nullable(v.picklist(["blank", "not_a_digit"])),
  confidence: PROBABILITY,
  probabilities: v.pipe(
    v.array(PROBABILITY),
    v.length(10),
    v.check((ten) => Math.abs(ten.reduce((a, b) => a + b, 0) - 1) <= SUM_TOLERANCE),
  ),
  seen: v.nullable(SEEN),
  model: MODEL_NAME,
  duration_ms: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DURATION_MS)),
});

/** `metrics` and `training` hold whatever the training recorded: `recipe.ts` bounds what it shows. */
const MODEL = v.object({
  ...MODEL_NAME.entries,
  recipe: name,
  summary: v.pipe(v.string(), v.maxLength(MAX_SUMMARY_LENGTH)),
  clean_up: name,
  parameters: count,
  size_bytes: count,
  refuses: v.boolean(),
  metrics: v.record(v.string(), v.unknown()),
  training: v.record(v.string(), v.unknown()),
});

export const MODELS = v.pipe(
  v.object({
    default: name,
    models: v.pipe(v.array(MODEL), v.maxLength(MAX_MODELS)),
  }),
  v.check(({ models }) => new Set(models.map(({ name }) => name)).size === models.length),
  v.check((answer) => answer.models.some(({ name }) => name === answer.default)),
);

/** Of a problem, the page shows the sentence that says what is wrong; a long one is cut. */
export const PROBLEM = v.object({
  detail: v.pipe(
    v.string(),
    v.transform((text) =>
      text.length > MAX_DETAIL_LENGTH ? `${text.slice(0, MAX_DETAIL_LENGTH - 1)}…` : text,
    ),
  ),
});
