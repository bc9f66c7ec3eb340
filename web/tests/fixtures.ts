import type { Model, Models, NumberAnswer, Prediction } from "../src/lib/api/client";

/** The beginning of a PNG data URL of 28 by 28 pixels. */
export const SEEN = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAAA=";

/** A prediction as the API returns it. */
export const PREDICTION: Prediction = {
  digit: 7,
  label: "7",
  reason: null,
  confidence: 0.93,
  probabilities: [0, 0.05, 0, 0, 0, 0, 0, 0.93, 0, 0.02],
  seen: null,
  may_be_number: false,
  model: { name: "m", digest: "0".repeat(64) },
  profile: null,
  duration_ms: 1,
};

const probabilities = (digit: number, probability: number) =>
  Array.from({ length: 10 }, (_, other) => (other === digit ? probability : (1 - probability) / 9));

/** A number as the API returns it: 3.51, of which the 5 is the least sure. */
export const NUMBER: NumberAnswer = {
  text: "351",
  reason: null,
  confidence: 0.93,
  written: "3.51",
  digits: [
    { box: [100, 60, 80, 160], digit: 3, probabilities: probabilities(3, 0.99) },
    { box: [300, 60, 80, 160], digit: 5, probabilities: probabilities(5, 0.8) },
    { box: [500, 60, 20, 160], digit: 1, probabilities: probabilities(1, 0.95) },
  ],
  separators: [{ symbol: ".", box: [220, 210, 16, 16], position: 1 }],
  candidates: [
    { text: "351", probability: 0.93 },
    { text: "361", probability: 0.04 },
    { text: "3511", probability: 0.01 },
  ],
  model: { name: "m", digest: "0".repeat(64) },
  profile: null,
  duration_ms: 12,
};

/** The description of a convolutional network as the API returns it. */
export const MODEL: Model = {
  name: "m",
  digest: "0".repeat(64),
  recipe: "cnn-small",
  summary: "One convolution and two dense layers.",
  preprocessing: { name: "ink", revision: 1 },
  input_shape: [28, 28],
  class_names: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "non-digit"],
  layers: [
    { type: "AddChannel", output_shape: [28, 28, 1], parameters: 0, options: {} },
    {
      type: "Conv2D",
      output_shape: [26, 26, 20],
      parameters: 200,
      options: { channels: 1, filters: 20, kernel_size: 3 },
    },
    { type: "MaxPool2D", output_shape: [13, 13, 20], parameters: 0, options: { pool_size: 2 } },
    { type: "ReLU", output_shape: [13, 13, 20], parameters: 0, options: {} },
    { type: "Flatten", output_shape: [3380], parameters: 0, options: {} },
    {
      type: "Dense",
      output_shape: [64],
      parameters: 216_384,
      options: { inputs: 3380, outputs: 64, bias: true },
    },
    { type: "Dropout", output_shape: [64], parameters: 0, options: { rate: 0.2 } },
    {
      type: "Dense",
      output_shape: [11],
      parameters: 715,
      options: { inputs: 64, outputs: 11, bias: true },
    },
  ],
  parameters: 217_299,
  size_bytes: 869_196,
  rejects_non_digits: true,
  test_time_augmentation: true,
  metrics: { accuracy: 0.98 },
  training: {
    recipe: {
      type: "Recipe",
      optimizer: { type: "AdamW" },
      schedule: { type: "OneCycle" },
      batch_size: 128,
      epochs: 24,
    },
    seed: 1,
    data: { "train-images-idx3-ubyte": "ba89" },
    versions: {},
  },
};

/** A model of other classes than the digits, and what it predicts, as the API returns them. */
export const CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt"];
export const CLOTHES_MODEL: Model = {
  ...MODEL,
  name: "clothes",
  digest: "1".repeat(64),
  class_names: CLOTHES,
  rejects_non_digits: false,
};
export const CLOTHES_PREDICTION: Prediction = {
  ...PREDICTION,
  digit: null,
  label: "Coat",
  confidence: 0.8,
  probabilities: [0.02, 0, 0.1, 0, 0.8, 0, 0.08],
  model: { name: CLOTHES_MODEL.name, digest: CLOTHES_MODEL.digest },
};

/** The list of models as the API returns it. */
export const MODELS: Models = { default: "m", models: [MODEL], profiles: false };
