/** A small network's explanation as the API returns it: 28 by 28 pixels, a convolution and a dense layer. */

import type { Explanation } from "../src/lib/api/client";
import { PREDICTION } from "./fixtures";

const { digit, label, reason, confidence, probabilities } = PREDICTION;

/** Numbers that differ from each other, of both signs. */
const numbers = (count: number, seed: number) =>
  Array.from({ length: count }, (_, place) => Math.round(1000 * Math.sin(seed + place)) / 1000);

const PIXELS = numbers(28 * 28, 1).map((value) => Math.max(0, value));

/** The kernels of the convolution, (3, 3, 1, 2) in C order, and its biases. */
export const KERNELS = numbers(18, 7);
export const BIASES = [0.25, -0.5];

function convolve(): number[] {
  const output: number[] = [];
  for (let row = 0; row < 26; row++) {
    for (let column = 0; column < 26; column++) {
      for (const filter of [0, 1]) {
        let sum = BIASES[filter] ?? 0;
        for (let place = 0; place < 9; place++) {
          const pixel = (row + Math.floor(place / 3)) * 28 + column + (place % 3);
          sum += (PIXELS[pixel] ?? 0) * (KERNELS[place * 2 + filter] ?? 0);
        }
        output.push(sum);
      }
    }
  }
  return output;
}

const CONVOLVED = convolve();

/** The largest value of each 2 by 2 square. */
function pool(): number[] {
  return Array.from({ length: 13 * 13 * 2 }, (_, place) => {
    const [row, column, map] = [Math.floor(place / 26), Math.floor(place / 2) % 13, place % 2];
    const at = (y: number, x: number) =>
      CONVOLVED[((2 * row + y) * 26 + 2 * column + x) * 2 + map] ?? 0;
    return Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
  });
}

const POOLED = pool();
const RECTIFIED = POOLED.map((value) => Math.max(0, value));

/** The weights of the unit 7 of the dense layer. */
export const WEIGHTS = numbers(338, 3);
const LOGITS = numbers(10, 5).with(
  7,
  RECTIFIED.reduce((sum, value, place) => sum + value * (WEIGHTS[place] ?? 0), 0.125),
);

const layer = (index: number, type: string, shape: number[], activation: number[]) => ({
  index,
  type,
  shape,
  activation,
  contribution: activation.map((value, place) => value * Math.cos(place)),
});

export const EXPLANATION: Explanation = {
  model: { name: "m", digest: "0".repeat(64) },
  profile: null,
  prediction: { digit, label, reason, confidence, probabilities },
  target: { index: 7, label: "7" },
  logits: LOGITS,
  class_names: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  temperature: 1,
  augmented: false,
  preprocessed: true,
  candidate: 0,
  steps: null,
  layers: [
    layer(0, "AddChannel", [28, 28, 1], PIXELS),
    layer(1, "Conv2D", [26, 26, 2], CONVOLVED),
    layer(2, "MaxPool2D", [13, 13, 2], POOLED),
    layer(3, "ReLU", [13, 13, 2], RECTIFIED),
    layer(4, "Flatten", [338], RECTIFIED),
    layer(5, "Dense", [10], LOGITS),
  ],
  weights: null,
  saliency: numbers(784, 2),
  occlusion: null,
  unit: null,
  change: null,
  neighbors: null,
  neighbors_reason: null,
  rejection: null,
  duration_ms: 3,
};

/** What the API says about a unit of the convolution or of the dense layer. */
export function explainedUnit(layer: 1 | 5, index: number[]): NonNullable<Explanation["unit"]> {
  const filter = index.at(-1) ?? 0;
  const weights = layer === 5 ? WEIGHTS : KERNELS.filter((_, place) => place % 2 === filter);
  return {
    layer,
    index,
    type: layer === 5 ? "Dense" : "Conv2D",
    kind: layer === 5 ? "dense" : "convolution",
    result: 0,
    bias: layer === 5 ? 0.125 : (BIASES[filter] ?? 0),
    sum: 0,
    inputs: [],
    input_shape: [0],
    weights,
    where: null,
    field: { row: 0, column: 0, height: 3, width: 3 },
    drives: numbers(784, 4),
  };
}
