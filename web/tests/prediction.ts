import type { Prediction } from "../src/lib/api/client";

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
