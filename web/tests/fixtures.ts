import type { Models, Prediction } from "../src/lib/api/client";

/** The start of any picture of what the network saw: a PNG file of 28 by 28 pixels. */
export const SEEN = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAAA=";

/** An answer as the API gives it. */
export const PREDICTION: Prediction = {
  digit: 7,
  reason: null,
  confidence: 0.93,
  probabilities: [0, 0.05, 0, 0, 0, 0, 0, 0.93, 0, 0.02],
  seen: null,
  model: { name: "m", digest: "0".repeat(64) },
  duration_ms: 1,
};

/** The list of models as the API gives it. */
export const MODELS: Models = {
  default: "m",
  models: [
    {
      name: "m",
      digest: "0".repeat(64),
      recipe: "mlp",
      summary: "Two hidden layers.",
      clean_up: "ink",
      parameters: 84_027,
      size_bytes: 336_108,
      refuses: true,
      metrics: { accuracy: 0.98 },
      training: { network: "(Flatten(), Dense(inputs=784, outputs=11))", epochs: 24 },
    },
  ],
};
