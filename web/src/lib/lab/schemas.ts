/** Schemas of the lab's responses and events. Each is validated before the page uses it. */

import * as v from "valibot";
import { NameSchema, ProbabilitySchema, SeenSchema } from "../api/responses";
import { bytesOf } from "./pictures";

const MAX_RUNS = 10_000;
const MAX_ITEMS = 100_000;
const MAX_CLASSES = 1001;
const MAX_TEXT = 2000;
const MAX_PICTURE_CHARACTERS = 2 ** 22;
const MAX_UNITS = 10_000;

const NumberSchema = v.pipe(v.number(), v.finite());
/** What was not measured, or is not finite, is null or missing. */
const MeasuredSchema = v.optional(v.nullable(NumberSchema), null);
const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
const TextSchema = v.pipe(v.string(), v.maxLength(MAX_TEXT));
export const SettingSchema = v.nullable(v.union([TextSchema, NumberSchema, v.boolean()]));
const list = <Item extends v.GenericSchema>(item: Item, max = MAX_ITEMS) =>
  v.pipe(v.array(item), v.maxLength(max));
const ProbabilitiesSchema = list(ProbabilitySchema, MAX_CLASSES);

export const STATES = [
  "starting",
  "training",
  "paused",
  "finished",
  "stopped",
  "failed",
  "diverged",
] as const;
export type State = (typeof STATES)[number];
const StateSchema = v.picklist(STATES);

export const LabSchema = v.object({
  token: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
  recipes: list(
    v.object({
      name: NameSchema,
      summary: TextSchema,
      layers: list(NameSchema, 1000),
      has_convolutions: v.boolean(),
      settings: v.record(v.string(), SettingSchema),
    }),
    1000,
  ),
  choices: v.record(v.string(), list(NameSchema, 1000)),
  limits: v.record(v.string(), v.unknown()),
  data: list(
    v.object({
      name: NameSchema,
      title: TextSchema,
      available: v.boolean(),
      count: v.nullable(CountSchema),
    }),
    1000,
  ),
  folder: TextSchema,
});
export type LabDescription = v.InferOutput<typeof LabSchema>;

const summary = {
  name: NameSchema,
  state: StateSchema,
  message: TextSchema,
  recipe: TextSchema,
  started: NumberSchema,
  step: CountSchema,
  steps: CountSchema,
  epoch: CountSchema,
  epochs: CountSchema,
  loss: MeasuredSchema,
  accuracy: MeasuredSchema,
  validation_loss: MeasuredSchema,
  validation_accuracy: MeasuredSchema,
  learning_rate: MeasuredSchema,
  settings: v.record(v.string(), SettingSchema),
  seconds: NumberSchema,
  has_model: v.boolean(),
  is_served: v.boolean(),
};
export const RunSchema = v.object(summary);
export type RunSummary = v.InferOutput<typeof RunSchema>;
export const RunsSchema = v.object({ runs: list(RunSchema, MAX_RUNS) });

const epoch = {
  epoch: CountSchema,
  loss: MeasuredSchema,
  accuracy: MeasuredSchema,
  validation_loss: MeasuredSchema,
  validation_accuracy: MeasuredSchema,
  learning_rate: MeasuredSchema,
  seconds: MeasuredSchema,
  images_per_second: MeasuredSchema,
};
const EpochSchema = v.object(epoch);
export type Epoch = v.InferOutput<typeof EpochSchema>;

const point = { step: CountSchema, loss: MeasuredSchema, accuracy: MeasuredSchema };
const PointSchema = v.object({ ...point, learning_rate: MeasuredSchema });
export type Point = v.InferOutput<typeof PointSchema>;

const HistogramSchema = v.object({
  edges: list(NumberSchema, 1001),
  counts: list(CountSchema, 1000),
});
const FirstLayerSchema = v.pipe(
  v.object({
    layer: CountSchema,
    type: NameSchema,
    shape: v.tuple([CountSchema, CountSchema]),
    scale: list(NumberSchema, MAX_UNITS),
    values: v.pipe(
      v.string(),
      v.maxLength(MAX_PICTURE_CHARACTERS),
      v.base64(),
      v.transform(bytesOf),
    ),
  }),
  v.transform(({ shape: [height, width], values, ...rest }) => ({
    ...rest,
    height,
    width,
    values: new Int8Array(values.buffer),
  })),
  v.check(({ scale, height, width, values }) => values.length === scale.length * height * width),
);
export type FirstLayer = v.InferOutput<typeof FirstLayerSchema>;
const LayerHistogramsSchema = v.object({
  layer: CountSchema,
  type: NameSchema,
  weights: HistogramSchema,
  gradients: v.nullable(HistogramSchema),
});
export type LayerHistograms = v.InferOutput<typeof LayerHistogramsSchema>;
export type Histogram = v.InferOutput<typeof HistogramSchema>;

const ChangeSchema = v.object({
  step: CountSchema,
  time: MeasuredSchema,
  setting: NameSchema,
  before: v.optional(SettingSchema, null),
  after: v.optional(SettingSchema, null),
});
export type Change = v.InferOutput<typeof ChangeSchema>;

const moment = { step: CountSchema, time: NumberSchema };
const PictureSchema = v.object({
  type: v.literal("picture"),
  ...moment,
  weights: v.nullable(FirstLayerSchema),
  histograms: list(LayerHistogramsSchema, 1000),
  drawing: v.nullable(v.object({ probabilities: ProbabilitiesSchema })),
});
const GradientSchema = v.object({
  type: v.literal("gradient"),
  ...moment,
  layer: CountSchema,
  name: NameSchema,
  index: list(CountSchema, 8),
  backpropagated: NumberSchema,
  numerical: NumberSchema,
  difference: NumberSchema,
  loss: NumberSchema,
  weight: NumberSchema,
  epsilon: NumberSchema,
});
export const EventSchema = v.variant("type", [
  v.object({
    type: v.literal("state"),
    ...moment,
    state: StateSchema,
    message: v.optional(TextSchema, ""),
    steps: v.optional(CountSchema),
    epochs: v.optional(CountSchema),
  }),
  v.object({
    type: v.literal("step"),
    ...moment,
    ...PointSchema.entries,
    recent_loss: MeasuredSchema,
    recent_accuracy: MeasuredSchema,
    images_per_second: MeasuredSchema,
    seconds_left: MeasuredSchema,
  }),
  v.object({ type: v.literal("epoch"), ...moment, ...epoch }),
  PictureSchema,
  GradientSchema,
  v.object({ type: v.literal("changed"), ...ChangeSchema.entries }),
  v.object({
    type: v.literal("message"),
    ...moment,
    text: TextSchema,
    total: MeasuredSchema,
    done: MeasuredSchema,
  }),
]);
export type LabEvent = v.InferOutput<typeof EventSchema>;
export type EventOf<Type extends LabEvent["type"]> = Extract<LabEvent, { type: Type }>;

export const RunDetailSchema = v.object({
  ...summary,
  options: v.nullable(v.record(v.string(), v.unknown())),
  records: list(EpochSchema),
  curve: list(PointSchema),
  changes: list(ChangeSchema),
  checkpoints: list(v.object({ step: CountSchema, epoch: CountSchema }), 1000),
  picture: v.nullable(PictureSchema),
  offset: CountSchema,
  resume: v.optional(v.nullable(TextSchema), null),
});
export type RunDetail = v.InferOutput<typeof RunDetailSchema>;

export const ConfusionSchema = v.object({
  classes: list(NameSchema, MAX_CLASSES),
  counts: list(list(CountSchema, MAX_CLASSES), MAX_CLASSES),
  step: v.nullable(CountSchema),
});
export type ConfusionMatrix = v.InferOutput<typeof ConfusionSchema>;

export const DigitsSchema = v.object({
  digits: list(
    v.object({
      number: CountSchema,
      actual: NameSchema,
      predicted: NameSchema,
      confidence: ProbabilitySchema,
      picture: SeenSchema,
    }),
    1000,
  ),
});
export type ValidationDigit = v.InferOutput<typeof DigitsSchema>["digits"][number];
