/** What is known of a run that is followed: what the server told, and the events since. */

import { isActive } from "./controls";
import { countBefore, halve } from "./curves";
import type { EventOf, LabEvent, RunDetail } from "./schemas";

/** What the network predicted for the user's drawing at a step. */
export interface DrawingStep {
  readonly step: number;
  readonly probabilities: readonly number[];
}

export interface Progress {
  readonly run: RunDetail;
  readonly speed: Pick<EventOf<"step">, "images_per_second" | "seconds_left"> | null;
  readonly gradient: EventOf<"gradient"> | null;
  readonly drawing: readonly DrawingStep[];
  /** What the run is doing before its first step: "Reading MNIST". */
  readonly preparing: Pick<EventOf<"message">, "text" | "total" | "done"> | null;
}

/** Points of a curve, and of the drawing, that are kept; beyond that, every other one is dropped. */
export const MAX_POINTS = 2000;
export const MAX_DRAWING_STEPS = 400;

export function startProgress(run: RunDetail, drawing: readonly DrawingStep[] = []): Progress {
  const steps = drawing.filter(({ step }) => step <= run.step);
  return { run, speed: null, gradient: null, drawing: steps, preparing: null };
}

/** What is known after an event. */
export function withEvent(progress: Progress, event: LabEvent): Progress {
  const { run } = progress;
  switch (event.type) {
    case "state": {
      const { state, message, steps = run.steps, epochs = run.epochs } = event;
      // What is measured while a run trains means nothing once it rests.
      const speed = state === "training" ? progress.speed : null;
      const preparing = state === "starting" ? progress.preparing : null;
      return { ...progress, speed, preparing, run: { ...run, state, message, steps, epochs } };
    }
    case "step": {
      const { step, loss, accuracy, learning_rate, images_per_second, seconds_left } = event;
      const curve = upTo(run.curve, step - 1);
      curve.push({ step, loss, accuracy, learning_rate });
      return {
        ...progress,
        speed: { images_per_second, seconds_left },
        preparing: null,
        run: {
          ...run,
          step,
          loss,
          accuracy,
          learning_rate,
          curve: curve.length > MAX_POINTS ? halve(curve) : curve,
        },
      };
    }
    case "epoch": {
      const { type, time, step, ...record } = event;
      const records = run.records.filter(({ epoch }) => epoch < record.epoch);
      const { epoch, loss, accuracy, validation_loss, validation_accuracy } = record;
      return {
        ...progress,
        run: {
          ...run,
          ...{ step, epoch, loss, accuracy, validation_loss, validation_accuracy },
          records: [...records, record],
        },
      };
    }
    case "picture": {
      const drawing = event.drawing
        ? [...upTo(progress.drawing, event.step - 1), { step: event.step, ...event.drawing }]
        : progress.drawing;
      return {
        ...progress,
        drawing: drawing.length > MAX_DRAWING_STEPS ? halve(drawing) : drawing,
        run: { ...run, picture: event },
      };
    }
    case "gradient":
      return { ...progress, gradient: event };
    case "changed":
      return withChange(progress, event);
    case "message":
      return { ...progress, preparing: event };
  }
}

function withChange(progress: Progress, event: EventOf<"changed">): Progress {
  const { type, ...change } = event;
  const { run } = progress;
  const changed: Progress = { ...progress, run: { ...run, changes: [...run.changes, change] } };
  const { setting, after } = change;
  if (setting === "epochs" && typeof after === "number") changed.run.epochs = after;
  if (setting !== "rewind" || typeof after !== "number") return changed;
  return {
    ...changed,
    speed: null,
    gradient: null,
    drawing: upTo(progress.drawing, after),
    run: {
      ...changed.run,
      step: after,
      curve: upTo(run.curve, after),
      checkpoints: run.checkpoints.filter(({ step }) => step <= after),
    },
  };
}

/** The points up to a step, as a new array. */
function upTo<Value extends { readonly step: number }>(points: readonly Value[], step: number) {
  const count = countBefore(
    points.map((point) => point.step),
    step + 1,
  );
  return points.slice(0, count);
}

/** Whether the server knows more than the events have told, and is asked for all of it. */
export function changesDetail(event: LabEvent): boolean {
  if (event.type === "epoch") return true; // a checkpoint
  if (event.type === "changed") return event.setting === "rewind";
  return event.type === "state" && !isActive(event.state);
}

/** The run with what only the server knows, keeping what the events have told since. */
export function withDetail(progress: Progress, run: RunDetail): Progress {
  const { checkpoints, records, changes, has_model, settings, seconds, resume } = run;
  return {
    ...progress,
    run: { ...progress.run, checkpoints, records, changes, has_model, settings, seconds, resume },
  };
}
