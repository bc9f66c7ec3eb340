/** Schemas of the API's responses. Every response is validated before the page uses it.
 *
 * `responses.test.ts` does not compile if these schemas and the OpenAPI document disagree.
 */

import * as v from "valibot";

/** Limit on most responses; the largest, the list of models, takes a few kilobytes. */
export const MAX_RESPONSE_BYTES = 2 ** 20;
/** Limit on an explanation; the weights or the layers of the shipped models take up to a megabyte. */
export const MAX_EXPLANATION_BYTES = 2 ** 23;

const MAX_MODELS = 100;
export const MAX_LAYERS = 1000;
export const MIN_CLASSES = 2;
export const MAX_CLASSES = 1000;
const MAX_DIMENSIONS = 8;
const MAX_NAME_LENGTH = 200;
export const MAX_SUMMARY_LENGTH = 10_000;
const MAX_SEEN_LENGTH = 8192;
const MAX_DETAIL_LENGTH = 200;
const MAX_DIGITS = 100;
const MAX_CANDIDATES = 100;
const MAX_PIXELS = 1e6;
const MAX_COUNT = 1e12;
const MAX_DURATION_MS = 3_600_000;
/** Probabilities are float32, so their sum may differ slightly from 1. */
const SUM_TOLERANCE = 1e-3;

export const NameSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH));
export const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_COUNT));
export const ShapeSchema = v.pipe(v.array(CountSchema), v.maxLength(MAX_DIMENSIONS));
export const ProbabilitySchema = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
export const DigitSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9));

/** A PNG data URL of 28 by 28 pixels. A PNG file declares its size in its first 24 bytes. */
export const SeenSchema = v.pipe(
  v.string(),
  v.maxLength(MAX_SEEN_LENGTH),
  v.regex(/^data:image\/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAc[A-Za-z0-9+/]+={0,2}$/),
);

export const DurationSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DURATION_MS));
export const ModelNameSchema = v.object({ name: NameSchema, digest: NameSchema });
/** The profile whose personal model made a prediction. An older API does not say. */
export const UsedProfileSchema = v.optional(v.nullable(v.object({ version: CountSchema })), null);

export const ProbabilitiesSchema = v.pipe(
  v.array(ProbabilitySchema),
  v.minLength(MIN_CLASSES),
  v.maxLength(MAX_CLASSES),
  v.check((all) => Math.abs(all.reduce((a, b) => a + b, 0) - 1) <= SUM_TOLERANCE),
);

/** A prediction. An API from before there were other classes than the digits sends no label, and
 * one from before there were numbers does not say whether the drawing may be one.
 */
export const PredictionSchema = v.pipe(
  v.object({
    digit: v.nullable(DigitSchema),
    label: v.optional(v.nullable(NameSchema)),
    reason: v.nullable(v.picklist(["blank", "not_a_digit"])),
    confidence: ProbabilitySchema,
    probabilities: ProbabilitiesSchema,
    seen: v.nullable(SeenSchema),
    may_be_number: v.optional(v.boolean(), false),
    model: ModelNameSchema,
    profile: UsedProfileSchema,
    duration_ms: DurationSchema,
  }),
  v.transform((prediction) => ({ ...prediction, label: labelOf(prediction) })),
  // Only a model whose classes are the ten digits predicts a digit.
  v.check(
    ({ digit, label, probabilities }) =>
      digit === null || (label === String(digit) && probabilities.length === 10),
  ),
);

function labelOf(prediction: { digit: number | null; label?: string | null | undefined }) {
  const { digit, label } = prediction;
  return label === undefined && digit !== null ? String(digit) : (label ?? null);
}

const BoxSchema = v.pipe(
  v.array(v.pipe(v.number(), v.minValue(-MAX_PIXELS), v.maxValue(MAX_PIXELS))),
  v.length(4),
);
const TextSchema = v.pipe(v.string(), v.maxLength(MAX_DIGITS), v.regex(/^[0-9]+$/));

/** A number: its best text, digit by digit, and other candidates. */
export const NumberSchema = v.object({
  text: v.nullable(TextSchema),
  reason: v.nullable(v.picklist(["blank", "not_a_number"])),
  confidence: ProbabilitySchema,
  written: v.pipe(v.string(), v.maxLength(2 * MAX_DIGITS)),
  digits: v.pipe(
    v.array(
      v.object({
        box: v.nullable(BoxSchema),
        digit: DigitSchema,
        probabilities: v.pipe(v.array(ProbabilitySchema), v.length(10)),
      }),
    ),
    v.maxLength(MAX_DIGITS),
  ),
  separators: v.pipe(
    v.array(
      v.object({
        symbol: v.picklist([".", ",", "-", "$"]),
        box: BoxSchema,
        position: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_DIGITS)),
      }),
    ),
    v.maxLength(MAX_DIGITS),
  ),
  candidates: v.pipe(
    v.array(v.object({ text: TextSchema, probability: ProbabilitySchema })),
    v.maxLength(MAX_CANDIDATES),
  ),
  model: ModelNameSchema,
  profile: UsedProfileSchema,
  duration_ms: DurationSchema,
});

/** `options` are the layer's constructor arguments. */
const LayerSchema = v.object({
  type: NameSchema,
  output_shape: ShapeSchema,
  parameters: CountSchema,
  options: v.record(v.string(), v.nullable(v.union([v.number(), v.string(), v.boolean()]))),
});

/** `metrics` and `training` are free-form: `modelDescription.ts` validates what it shows. */
const ModelSchema = v.object({
  ...ModelNameSchema.entries,
  recipe: NameSchema,
  summary: v.pipe(v.string(), v.maxLength(MAX_SUMMARY_LENGTH)),
  preprocessing: v.object({ name: NameSchema, revision: CountSchema }),
  input_shape: ShapeSchema,
  class_names: v.pipe(v.array(NameSchema), v.maxLength(MAX_CLASSES + 1)),
  layers: v.pipe(v.array(LayerSchema), v.maxLength(MAX_LAYERS)),
  parameters: CountSchema,
  size_bytes: CountSchema,
  rejects_non_digits: v.boolean(),
  test_time_augmentation: v.boolean(),
  metrics: v.record(v.string(), v.unknown()),
  training: v.record(v.string(), v.unknown()),
});

export const ModelsSchema = v.pipe(
  v.object({
    default: NameSchema,
    models: v.pipe(v.array(ModelSchema), v.maxLength(MAX_MODELS)),
    profiles: v.optional(v.boolean(), false),
  }),
  v.check(({ models }) => new Set(models.map(({ name }) => name)).size === models.length),
  v.check((response) => response.models.some(({ name }) => name === response.default)),
);

/** An RFC 9457 problem; the page shows its detail, shortened if it is long.
 *
 * Of the lab, it may have the option that it is about.
 */
export const ProblemSchema = v.object({
  detail: v.pipe(
    v.string(),
    v.transform((text) =>
      text.length > MAX_DETAIL_LENGTH ? `${text.slice(0, MAX_DETAIL_LENGTH - 1)}…` : text,
    ),
  ),
  /** The option of the lab that is wrong. */
  field: v.fallback(v.nullable(v.string()), null),
});
