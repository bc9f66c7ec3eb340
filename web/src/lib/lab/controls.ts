/** Which controls of a run work in its state, and why the others do not. */

import type { RunSummary, State } from "./schemas";

export const CONTROLS = [
  "pause",
  "continue",
  "step",
  "epoch",
  "learning_rate",
  "epochs",
  "rewind",
  "early_stopping",
  "stop",
  "serve",
  "delete",
] as const;
export type Control = (typeof CONTROLS)[number];

/** For each control, why it does nothing now; null if it works. */
export type Reasons = Readonly<Record<Control, string | null>>;

/** Whether the process of a run is at work, or waits for a command. */
export function isActive(state: State): boolean {
  return state === "starting" || state === "training" || state === "paused";
}

/** A run without a process is started again by a command that makes it train. */
export function reasonsOf(
  { state, step, steps, has_model }: Pick<RunSummary, "state" | "step" | "steps" | "has_model">,
  checkpoints: number,
): Reasons {
  const ended = isActive(state) ? null : "This run is not training.";
  const starting = state === "starting" ? "The run is still starting." : null;
  const training = state === "training" ? "Pause the run first." : null;
  const done =
    steps > 0 && step >= steps ? "All epochs are done. Set a higher number of epochs first." : null;
  const noWeights = checkpoints > 0 ? null : "No weights have been saved yet.";
  return {
    pause: ended ?? (state === "paused" ? "The run is paused." : null),
    continue: starting ?? (training ? "The run is training." : done),
    step: starting ?? training ?? done,
    epoch: starting ?? training ?? done,
    learning_rate: ended ?? starting,
    epochs: starting,
    rewind: starting ?? noWeights,
    early_stopping: ended ?? starting,
    stop: ended,
    serve: has_model ? null : "The model is available once the run has stopped or finished.",
    delete: ended === null ? "Stop the run first." : null,
  };
}
