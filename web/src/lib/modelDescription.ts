/** Turns the API's description of a model into the texts and the diagram of the page. */

import * as v from "valibot";
import type { Layer, Model } from "./api/client";
import { formatBytes, formatCount } from "./format";

/** Feature maps of one size, or a vector. */
export type Shape =
  | { readonly height: number; readonly width: number; readonly channels: number }
  | { readonly length: number };

/** A step of the network diagram. */
export interface Stage {
  readonly label: string;
  readonly shape: Shape;
}

/** Limits on what is drawn; the diagram of a larger network is left out. */
const MAX_STAGES = 32;
const MAX_SIDE = 256;
const MAX_COUNT = 1e9;

/** The layers that the diagram shows. The others (activations, padding, dropout) are left out. */
const LABELS: Readonly<Record<string, string>> = {
  Conv2D: "Convolution",
  MaxPool2D: "Max pooling",
  Flatten: "Flatten",
  Dense: "Dense",
};

/** Stages from the input to the logits; empty if the network cannot be drawn. */
export function diagramStages(model: Pick<Model, "input_shape" | "layers">): Stage[] {
  const shown = model.layers.flatMap(({ type, output_shape }: Layer) =>
    Object.hasOwn(LABELS, type) ? [[LABELS[type] as string, output_shape] as const] : [],
  );
  if (shown.length === 0 || shown.length >= MAX_STAGES) return [];
  const labels = ["Input", ...shown.slice(0, -1).map(([label]) => label), "Logits"];
  const shapes = [model.input_shape, ...shown.map(([, shape]) => shape)].map(parseShape);
  return shapes.every((shape) => shape !== undefined)
    ? shapes.map((shape, index) => ({ label: labels[index] as string, shape }))
    : [];
}

/** Interpret (length), (height, width) or (height, width, channels); undefined if it is too large. */
function parseShape(sizes: readonly number[]): Shape | undefined {
  const [first = 0, width = 0, channels = 1] = sizes;
  const isSide = (size: number) => size >= 1 && size <= MAX_SIDE;
  const isCount = (size: number) => size >= 1 && size <= MAX_COUNT;
  if (sizes.length === 1) return isCount(first) ? { length: first } : undefined;
  if (sizes.length > 3 || !isSide(first) || !isSide(width) || !isCount(channels)) return undefined;
  return { height: first, width, channels };
}

const DATASETS: readonly [filePrefix: string, description: string][] = [
  ["train-images", "MNIST: digits by writers in the USA (Y. LeCun, C. Cortes, C. J. C. Burges)"],
  ["qmnist", "QMNIST: who wrote each of these digits (C. Yadav, L. Bottou)"],
  ["pendigits", "Pendigits: digits written on a tablet in Turkey (E. Alpaydin, F. Alimoglu)"],
  [
    "train_r01",
    "UNIPEN: digits written on tablets in many countries (I. Guyon and others, International Unipen Foundation)",
  ],
  ["semeion", "Semeion: scanned digits by writers in Italy (Semeion Research Center, Rome)"],
];

/** `training` is free-form: a field that is missing or malformed becomes undefined. */
function lenient<Value>(schema: v.GenericSchema<unknown, Value>) {
  return v.fallback(v.optional(schema), undefined);
}

const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_COUNT));
const TrainingSchema = v.object({
  recipe: lenient(
    v.object({
      epochs: lenient(CountSchema),
      batch_size: lenient(CountSchema),
      optimizer: lenient(v.object({ type: v.pipe(v.string(), v.maxLength(40)) })),
    }),
  ),
  data: lenient(v.record(v.string(), v.unknown())),
});

/** Descriptions of the known data sets that a model was trained on. */
export function datasetDescriptions(training: Model["training"]): string[] {
  const files = Object.keys(v.parse(TrainingSchema, training).data ?? {});
  return DATASETS.filter(([prefix]) => files.some((file) => file.startsWith(prefix))).map(
    ([, description]) => description,
  );
}

export interface Stat {
  readonly value: string;
  readonly label: string;
}

export function sizeStats(model: Pick<Model, "parameters" | "size_bytes">): Stat[] {
  return [
    { value: formatCount(model.parameters), label: "parameters, learned in training" },
    { value: formatBytes(model.size_bytes), label: "model size" },
  ];
}

/** Epochs, batch size and optimizer, as far as they were recorded. */
export function trainingStats(training: Model["training"]): Stat[] {
  const { epochs, batch_size, optimizer } = v.parse(TrainingSchema, training).recipe ?? {};
  return [
    ...(epochs === undefined ? [] : [{ value: formatCount(epochs), label: "epochs" }]),
    ...(batch_size === undefined ? [] : [{ value: formatCount(batch_size), label: "batch size" }]),
    ...(optimizer === undefined ? [] : [{ value: optimizer.type, label: "optimizer" }]),
  ];
}

const ACCURACIES: readonly [metric: string, ofDigits: string, ofOthers: string][] = [
  [
    "test_accuracy",
    "accuracy on test digits that were never used for model selection",
    "accuracy on test images that were never used for model selection",
  ],
  [
    "validation_accuracy",
    "accuracy on MNIST writers not seen in training",
    "accuracy on validation images, which were not trained on",
  ],
  [
    "accuracy",
    "accuracy on the augmented training images",
    "accuracy on the augmented training images",
  ],
];

const ShareSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** The recorded accuracies; other metrics are not shown.
 *
 * @param digits  whether the classes are the digits: then the images are known
 */
export function accuracyStats(metrics: Model["metrics"], digits = true): Stat[] {
  return ACCURACIES.flatMap(([metric, ofDigits, ofOthers]) => {
    const accuracy = metrics[metric];
    const label = digits ? ofDigits : ofOthers;
    return v.is(ShareSchema, accuracy) ? [{ value: formatShare(accuracy), label }] : [];
  });
}

function formatShare(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

/** Who wrote the digits of each source on which a model is measured: MNIST's writers come last. */
const WRITERS: readonly [source: string, who: string][] = [
  ["Pendigits writers 21 to 30", "in Turkey (Pendigits)"],
  ["UNIPEN ced", "from 12 countries (UNIPEN)"],
  ["UNIPEN gmd", "in Germany (UNIPEN)"],
  ["UNIPEN val", "in Spain (UNIPEN)"],
  ["MNIST validation", "in the USA (MNIST)"],
];

const DevelopmentSchema = v.record(
  v.string(),
  lenient(
    v.object({
      writers: CountSchema,
      answered: ShareSchema,
      worst_writer: v.nullable(ShareSchema),
    }),
  ),
);

/** How well the digits of one group of people are recognized. */
export interface HandwritingRow {
  readonly who: string;
  readonly answered: string;
  readonly worstWriter: string;
}

/** The groups of people on whom the model was measured; empty if that was not recorded. */
export function handwritingRows(metrics: Model["metrics"]): HandwritingRow[] {
  const sources = v.parse(v.fallback(DevelopmentSchema, {}), metrics.development);
  return WRITERS.flatMap(([source, who]) => {
    const measured = sources[source];
    if (measured === undefined) return [];
    const { writers, answered, worst_writer } = measured;
    return [
      {
        who: `${formatCount(writers)} ${writers === 1 ? "person" : "people"} ${who}`,
        answered: formatShare(answered),
        worstWriter: worst_writer === null ? "" : formatShare(worst_writer),
      },
    ];
  });
}
