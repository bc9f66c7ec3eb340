/** The schema of an explanation, apart from the others because only the view Inside needs it. */

import * as v from "valibot";
import {
  CountSchema,
  DigitSchema,
  DurationSchema,
  MAX_CLASSES,
  MAX_LAYERS,
  MAX_SUMMARY_LENGTH,
  MIN_CLASSES,
  ModelNameSchema,
  NameSchema,
  ProbabilitiesSchema,
  ProbabilitySchema,
  ShapeSchema,
  UsedProfileSchema,
} from "./responses";

const MAX_VALUES = 1e6;
const MAX_PICTURE_LENGTH = 2 ** 20;
const MAX_STEPS = 30;
const MAX_NEIGHBORS = 100;
const SEEN_PIXELS = 28 * 28;

/** A list of numbers. Valibot's own array of numbers takes milliseconds for as many as these. */
function numbersSchema(max: number, min = 0) {
  return v.custom<number[]>(
    (value) =>
      Array.isArray(value) &&
      value.length >= min &&
      value.length <= max &&
      value.every((number) => typeof number === "number" && Number.isFinite(number)),
  );
}

const ValuesSchema = numbersSchema(MAX_VALUES);
const MapSchema = numbersSchema(SEEN_PIXELS, SEEN_PIXELS);
const FiniteSchema = v.pipe(v.number(), v.finite());
const PictureSchema = v.pipe(
  v.string(),
  v.maxLength(MAX_PICTURE_LENGTH),
  v.regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/),
);
const CellSchema = numbersSchema(2, 2);
const ExplainedPredictionSchema = v.object({
  digit: v.nullable(DigitSchema),
  label: v.nullable(NameSchema),
  reason: v.nullable(v.picklist(["blank", "not_a_digit"])),
  confidence: ProbabilitySchema,
  probabilities: ProbabilitiesSchema,
});
const RegionSchema = v.object({
  row: FiniteSchema,
  column: FiniteSchema,
  height: CountSchema,
  width: CountSchema,
});
const ChangeSchema = v.object({
  found: v.boolean(),
  goal: NameSchema,
  reason: v.nullable(v.pipe(v.string(), v.maxLength(MAX_SUMMARY_LENGTH))),
  added: v.pipe(v.array(CellSchema), v.maxLength(SEEN_PIXELS)),
  removed: v.pipe(v.array(CellSchema), v.maxLength(SEEN_PIXELS)),
  prediction: v.nullable(ExplainedPredictionSchema),
});

/** How a prediction came about; parts that were not requested are null. */
export const ExplanationSchema = v.object({
  model: ModelNameSchema,
  profile: UsedProfileSchema,
  prediction: ExplainedPredictionSchema,
  target: v.object({ index: CountSchema, label: NameSchema }),
  logits: numbersSchema(MAX_CLASSES + 1, MIN_CLASSES),
  class_names: v.pipe(v.array(NameSchema), v.maxLength(MAX_CLASSES + 1)),
  temperature: FiniteSchema,
  augmented: v.boolean(),
  preprocessed: v.boolean(),
  candidate: CountSchema,
  steps: v.nullable(
    v.pipe(
      v.array(v.object({ name: NameSchema, title: NameSchema, picture: PictureSchema })),
      v.maxLength(MAX_STEPS),
    ),
  ),
  layers: v.nullable(
    v.pipe(
      v.array(
        v.object({
          index: CountSchema,
          type: NameSchema,
          shape: ShapeSchema,
          activation: ValuesSchema,
          contribution: ValuesSchema,
        }),
      ),
      v.maxLength(MAX_LAYERS),
      v.check((layers) =>
        layers.every(
          ({ shape, activation, contribution }, place, all) =>
            all[place]?.index === place &&
            activation.length === sizeOf(shape) &&
            contribution.length === activation.length,
        ),
      ),
    ),
  ),
  weights: v.nullable(v.object({ layer: CountSchema, shape: ShapeSchema, values: ValuesSchema })),
  saliency: v.nullable(MapSchema),
  occlusion: v.nullable(MapSchema),
  unit: v.nullable(
    v.object({
      layer: CountSchema,
      index: ShapeSchema,
      type: NameSchema,
      kind: v.picklist(["dense", "convolution", "pool", "activation", "other"]),
      result: FiniteSchema,
      bias: FiniteSchema,
      sum: v.nullable(FiniteSchema),
      inputs: ValuesSchema,
      input_shape: ShapeSchema,
      weights: v.nullable(ValuesSchema),
      where: v.nullable(RegionSchema),
      field: RegionSchema,
      drives: MapSchema,
    }),
  ),
  change: v.nullable(ChangeSchema),
  neighbors: v.nullable(
    v.pipe(
      v.array(
        v.object({
          number: CountSchema,
          label: NameSchema,
          distance: FiniteSchema,
          picture: v.nullable(PictureSchema),
        }),
      ),
      v.maxLength(MAX_NEIGHBORS),
    ),
  ),
  neighbors_reason: v.nullable(v.pipe(v.string(), v.maxLength(MAX_SUMMARY_LENGTH))),
  rejection: v.nullable(
    v.object({
      score: v.nullable(FiniteSchema),
      threshold: v.nullable(FiniteSchema),
      penalty: FiniteSchema,
      rejected: v.boolean(),
      reason: v.nullable(v.picklist(["blank", "not_a_digit"])),
      margin: v.nullable(FiniteSchema),
      change: v.nullable(ChangeSchema),
    }),
  ),
  duration_ms: DurationSchema,
});

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
