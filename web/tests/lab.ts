/** What the lab tells, as the API sends it. */

import type { LabDescription, RunDetail, RunSummary, State } from "../src/lib/lab/schemas";
import { SEEN } from "./fixtures";

export const LAB: LabDescription = {
  token: "secret",
  recipes: [
    {
      name: "mlp",
      summary: "One hidden layer of 128 units.",
      layers: ["Flatten 784", "Dense 128", "ReLU 128", "Dense 10"],
      has_convolutions: false,
      settings: {
        hidden: "128",
        activation: "relu",
        optimizer: "adamw",
        schedule: "onecycle",
        learning_rate: 0.004,
        batch_size: 128,
        epochs: 12,
        augment: "mild",
        dropout: 0,
      },
    },
    {
      name: "cnn-small",
      summary: "One convolution and two dense layers.",
      layers: ["AddChannel 28x28x1", "Conv2D 26x26x20", "Dense 10"],
      has_convolutions: true,
      settings: { hidden: "64", activation: "relu", optimizer: "adamw", learning_rate: 0.004 },
    },
  ],
  choices: {
    activation: ["relu", "sigmoid"],
    optimizer: ["sgd", "adamw"],
    schedule: ["constant", "cosine", "onecycle"],
    augment: ["none", "mild", "strong"],
  },
  limits: { running: 2 },
  data: [
    { name: "mnist", title: "MNIST", available: true, count: 54_000 },
    { name: "semeion", title: "Semeion", available: false, count: null },
  ],
  folder: "runs",
};

/** A run in the list. */
export function summary(name: string, state: State = "finished", best = 0.97): RunSummary {
  return {
    name,
    state,
    message: "",
    recipe: "mlp",
    started: 1_790_000_000,
    step: 400,
    steps: 1200,
    epoch: 4,
    epochs: 12,
    loss: 0.25,
    accuracy: 0.93,
    validation_loss: 0.2,
    validation_accuracy: best,
    learning_rate: 0.004,
    settings: { recipe: "mlp", seed: 0, learning_rate: 0.004 },
    seconds: 34,
    has_model: true,
    is_served: false,
  };
}

const UNITS = 128;
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

/** Weights of a dense layer, each unit with a spot of its own, as the API sends them. */
function weights() {
  const values = new Int8Array(UNITS * 784);
  for (let unit = 0; unit < UNITS; unit++) {
    const [row, column] = [(unit * 7) % 20, (unit * 11) % 22];
    for (let pixel = 0; pixel < 784; pixel++) {
      const distance = Math.hypot((pixel % 28) - column - 3, Math.floor(pixel / 28) - row - 4);
      const value =
        100 * Math.exp(-((distance / 4) ** 2)) - 60 * Math.exp(-(((distance - 6) / 3) ** 2));
      values[unit * 784 + pixel] = Math.round(value);
    }
  }
  let text = "";
  const bytes = new Uint8Array(values.buffer);
  // In parts whose lengths are multiples of three, as a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 3000) text += base64(bytes.slice(at, at + 3000));
  return {
    layer: 1,
    type: "Dense",
    shape: [28, 28],
    scale: Array.from({ length: UNITS }, (_, unit) => 0.1 + unit / 1000),
    values: text,
  };
}

const histogram = (width: number) => ({
  edges: Array.from({ length: 31 }, (_, index) => (width * (index - 15)) / 15),
  counts: Array.from({ length: 30 }, (_, index) =>
    Math.round(2000 * Math.exp(-(((index - 14.5) / 4) ** 2))),
  ),
});

/** The event with the pictures, as the API sends it. */
export function pictureEvent(step: number, favorite = 3) {
  const rest = 0.3 / (1 + step / 50);
  return {
    type: "picture",
    step,
    time: 1,
    weights: weights(),
    histograms: [
      { layer: 1, type: "Dense", weights: histogram(0.2), gradients: histogram(0.003) },
      { layer: 3, type: "Dense", weights: histogram(0.5), gradients: histogram(0.01) },
    ],
    drawing: {
      digit: favorite,
      probabilities: Array.from({ length: 10 }, (_, digit) =>
        digit === favorite ? 1 - rest : rest / 9,
      ),
    },
  };
}

/** A run as the API sends it, after `step` of its 1,200 steps. */
export function detail(name: string, state: State = "training", step = 400, best = 0.97) {
  const epoch = Math.floor(step / 100);
  const course = (at: number) => 2.3 * Math.exp(-at / 150) + (1 - best) * 5;
  const records = Array.from({ length: epoch }, (_, index) => ({
    epoch: index + 1,
    loss: course(100 * index + 60),
    accuracy: 1 - course(100 * index + 60) / 2.6,
    validation_loss: course(100 * index + 100) * 0.9,
    validation_accuracy: 1 - course(100 * index + 100) / 3,
    learning_rate: 0.004,
    seconds: 3,
    images_per_second: 18_000,
  }));
  const last = records.at(-1);
  return {
    ...summary(name, state, best),
    step,
    epoch,
    has_model: state === "finished",
    validation_accuracy: last?.validation_accuracy ?? null,
    validation_loss: last?.validation_loss ?? null,
    options: { recipe: "mlp", data: "mnist", early_stopping: null },
    records,
    curve: Array.from({ length: Math.floor(step / 4) }, (_, index) => ({
      step: 4 * index + 4,
      loss: course(4 * index) + 0.08 * Math.sin(index),
      accuracy: 1 - course(4 * index) / 2.6 + 0.01 * Math.sin(index),
      learning_rate: 0.004,
    })),
    changes: [{ step: 200, setting: "learning_rate", before: 0.01, after: 0.004 }],
    checkpoints: records.map(({ epoch }) => ({ step: 100 * epoch, epoch })),
    picture: pictureEvent(step),
    offset: 1000,
    resume: `inkdigits train mlp --resume --run-dir runs/${name}`,
  } satisfies Record<keyof RunDetail, unknown>;
}

export const CONFUSION = {
  classes: Array.from({ length: 10 }, (_, digit) => `${digit}`),
  counts: Array.from({ length: 10 }, (_, actual) =>
    Array.from({ length: 10 }, (_, predicted) =>
      actual === predicted
        ? 560 - 7 * actual
        : (actual * 7 + predicted * 3) % 11 === 0
          ? 4 + actual
          : (actual + predicted) % 3,
    ),
  ),
  step: 400,
};

export const DIGITS = {
  digits: Array.from({ length: 40 }, (_, number) => ({
    number,
    actual: `${number % 10}`,
    predicted: `${(number * 3 + 1) % 10}`,
    confidence: 0.99 - number / 100,
    picture: SEEN,
  })),
};
