/** What is known of a run that is followed: what the server told, and the events since. */

import * as v from "valibot";
import { ProbabilitySchema } from "../api/responses";
import { isActive } from "./controls";
import { halve } from "./curves";
import type { EventOf, LabEvent, RunDetail } from "./schemas";

/** Points of a curve, and of the drawing, that are kept; beyond that, every other one is dropped. */
export const MAX_POINTS = 2000;
export const MAX_DRAWING_STEPS = 400;

/** What the network predicted for the user's drawing, and at which steps. */
export const DrawingStepsSchema = v.pipe(
  v.array(v.object({ step: v.number(), probabilities: v.array(ProbabilitySchema) })),
  v.maxLength(MAX_DRAWING_STEPS),
);
export type DrawingStep = v.InferOutput<typeof DrawingStepsSchema>[number];

export interface Progress {
  readonly run: RunDetail;
  readonly speed: Pick<EventOf<"step">, "images_per_second" | "seconds_left"> | null;
  readonly gradient: EventOf<"gradient"> | null;
  readonly drawing: readonly DrawingStep[];
  /** Epochs without improvement after which training ends; null for never. */
  readonly patience: number | null;
  /** What the run is doing before its first step: "Reading MNIST". */
  readonly preparing: Pick<EventOf<"message">, "text" | "total" | "done"> | null;
}

export function startProgress(run: RunDetail, drawing: readonly DrawingStep[] = []): Progress {
  const steps = drawing.filter(({ step }) => step <= run.step);
  const { early_stopping } = { ...run.options, ...run.settings };
  const patience = typeof early_stopping === "number" ? early_stopping : null;
  return { run, speed: null, gradient: null, drawing: steps, patience, preparing: null };
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
      // Not every step has an event, but a run that starts again does not know yet how far it is.
      const step = state === "starting" ? run.step : event.step;
      return {
        ...progress,
        speed,
        preparing,
        run: { ...run, state, message, step, steps, epochs },
      };
    }
    case "step": {
      const { step, loss, accuracy, learning_rate, images_per_second, seconds_left } = event;
      const { recent_loss, recent_accuracy } = event;
      const curve = upTo(run.curve, step - 1);
      // As the stored curve: not of the epoch so far, which jumps when an epoch begins.
      curve.push({ step, loss: recent_loss, accuracy: recent_accuracy, learning_rate });
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
  const { setting, after } = change;
  if (setting === "early_stopping") {
    return { ...progress, patience: typeof after === "number" ? after : null };
  }
  const epochs = setting === "epochs" && typeof after === "number" ? after : run.epochs;
  const changes = [...run.changes, change];
  const changed: Progress = { ...progress, run: { ...run, epochs, changes } };
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
  // Nearly always all of them, so it is searched for from the end.
  const last = points.findLastIndex((point) => point.step <= step);
  return points.slice(0, last + 1);
}

/** Whether the server knows more than the events have told, and is asked for all of it. */
export function changesDetail(event: LabEvent): boolean {
  if (event.type === "epoch") return true; // a checkpoint
  if (event.type === "changed") return event.setting === "rewind";
  return event.type === "state" && !isActive(event.state);
}

/** The run with what only the server knows, keeping what the events have told since. */
export function withDetail(progress: Progress, run: RunDetail): Progress {
  const { checkpoints, records, changes, settings, seconds, resume } = run;
  const { has_model, is_served } = run;
  return {
    ...progress,
    run: {
      ...progress.run,
      ...{ checkpoints, records, changes, settings, seconds, resume, has_model, is_served },
    },
  };
}
