/** Tells in words where a run is. */

import { formatCount, formatPercent } from "../format";
import type { Epoch, RunSummary, State } from "./schemas";

const STATES: Readonly<Record<State, string>> = {
  starting: "starting",
  training: "training",
  paused: "paused",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  diverged: "diverged",
};

export function stateInWords(state: State): string {
  return STATES[state];
}

/** A duration in two units at most: "1 h 4 min", "12 s". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60)
    return whole < 600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "Epoch 3 of 12, step 1,200 of 4,800". */
export function placeInWords(run: Pick<RunSummary, "step" | "steps" | "epoch" | "epochs">): string {
  const of = (total: number | null) => (total === null ? "" : ` of ${formatCount(total)}`);
  return `Epoch ${formatCount(run.epoch)}${of(run.epochs)}, step ${formatCount(run.step)}${of(run.steps)}`;
}

/** What a screen reader is told after an epoch, and when the state changes. */
export function announcementOf(state: State, epoch: Epoch | undefined): string {
  const parts = [`The run is ${stateInWords(state)}.`];
  if (epoch) {
    const accuracy = epoch.validation_accuracy ?? epoch.accuracy;
    const which = epoch.validation_accuracy === null ? "training" : "validation";
    parts.unshift(
      `Epoch ${epoch.epoch} done${accuracy === null ? "" : `, ${which} accuracy ${formatPercent(accuracy)}`}.`,
    );
  }
  return parts.join(" ");
}
