import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { detail, pictureEvent } from "../../../tests/lab";
import { parseEvent } from "./client";
import { reasonsOf } from "./controls";
import {
  changesDetail,
  MAX_POINTS,
  type Progress,
  startProgress,
  withDetail,
  withEvent,
} from "./progress";
import { type LabEvent, RunDetailSchema } from "./schemas";
import { announcementOf, formatDuration, placeInWords } from "./words";

const parsed = (run: unknown) => v.parse(RunDetailSchema, run);
const RUN = parsed(detail("a", "training", 400));

function stepEvent(step: number, loss = 0.5): LabEvent {
  return {
    type: "step",
    ...{ step, loss, time: 1, accuracy: 0.9, learning_rate: 0.01 },
    ...{ recent_loss: loss / 2, recent_accuracy: 0.95, images_per_second: 1000, seconds_left: 60 },
  };
}

const apply = (events: readonly LabEvent[], start: Progress = startProgress(RUN)) =>
  events.reduce(withEvent, start);

const picture = (step: number) => parseEvent(JSON.stringify(pictureEvent(step))) as LabEvent;

describe("the progress of a run", () => {
  it("goes on with each step", () => {
    const { run, speed } = apply([stepEvent(404), stepEvent(408, 0.25)]);
    expect(run).toMatchObject({ step: 408, loss: 0.25, learning_rate: 0.01 });
    expect(run.curve.slice(-2).map(({ step }) => step)).toEqual([404, 408]);
    // The curve is of the last steps, like the stored one; the numbers are of the epoch so far.
    expect(run.curve.at(-1)).toMatchObject({ loss: 0.125, accuracy: 0.95 });
    expect(speed).toEqual({ images_per_second: 1000, seconds_left: 60 });
    expect(RUN.curve.at(-1)?.step).toBe(400);
  });
  it("has one record for each epoch, also if an event comes twice", () => {
    const epoch: LabEvent = {
      ...(RUN.records[3] as (typeof RUN.records)[number]),
      type: "epoch",
      step: 500,
      time: 1,
      epoch: 5,
    };
    const { run } = apply([epoch, { ...epoch, validation_accuracy: 0.99 }]);
    expect(run.records.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    expect(run).toMatchObject({ epoch: 5, validation_accuracy: 0.99 });
  });
  it("keeps what it can draw of a long run, with the newest point", () => {
    const { curve } = apply(Array.from({ length: 5000 }, (_, index) => stepEvent(401 + index))).run;
    expect(curve.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(curve.length).toBeGreaterThan(MAX_POINTS / 3);
    expect(curve.at(-1)?.step).toBe(5400);
    expect(curve[0]?.step).toBeLessThan(50);
  });
  it("goes back at a rewind, and on from there", () => {
    const rewind: LabEvent = {
      type: "changed",
      step: 408,
      time: 1,
      setting: "rewind",
      before: 408,
      after: 200,
    };
    const steps = apply([stepEvent(404), picture(404), stepEvent(408), rewind]);
    expect(steps.run.step).toBe(200);
    expect(steps.run.curve.at(-1)?.step).toBe(200);
    expect(steps.run.checkpoints.map(({ step }) => step)).toEqual([100, 200]);
    expect(steps.drawing).toEqual([]);
    expect(steps.run.changes.at(-1)).toMatchObject({ setting: "rewind", after: 200 });
    expect(
      apply([stepEvent(201)], steps)
        .run.curve.slice(-2)
        .map(({ step }) => step),
    ).toEqual([200, 201]);
  });
  it("collects what is predicted for the drawing, step by step", () => {
    const kept = [
      { step: 390, probabilities: [1, 0] },
      { step: 999, probabilities: [0, 1] },
    ];
    const { drawing, run } = apply([picture(404), picture(408)], startProgress(RUN, kept));
    // What was kept of a later step belongs to a run of the same name that is gone.
    expect(drawing.map(({ step }) => step)).toEqual([390, 404, 408]);
    expect(run.picture?.step).toBe(408);
    const weights = run.picture?.weights;
    expect(weights).toMatchObject({ height: 28, width: 28 });
    expect(Math.min(...(weights?.values ?? []))).toBeLessThan(0);
  });
  it("knows the patience, the number of epochs and the state", () => {
    const changed = (setting: string, value: number | null): LabEvent => ({
      type: "changed",
      step: 400,
      time: 1,
      setting,
      before: 1,
      after: value,
    });
    const { patience, run } = apply([changed("early_stopping", 5), changed("epochs", 20)]);
    expect([patience, run.epochs]).toEqual([5, 20]);
    expect(apply([changed("early_stopping", null)]).patience).toBeNull();
    const ended = apply([
      stepEvent(404),
      { type: "state", step: 404, time: 1, state: "diverged", message: "The loss is not finite." },
    ]);
    expect(ended.run).toMatchObject({ state: "diverged", message: "The loss is not finite." });
    expect(ended.speed).toBeNull();
    // Events of steps are throttled, but where a run rests is known.
    expect(
      apply([{ type: "state", step: 407, time: 1, state: "paused", message: "" }]).run.step,
    ).toBe(407);
  });
  it("takes from the server what events do not tell, and keeps the newer steps", () => {
    expect([stepEvent(1), picture(1)].map(changesDetail)).toEqual([false, false]);
    expect(changesDetail({ type: "state", step: 1, time: 1, state: "finished", message: "" })).toBe(
      true,
    );
    const { run } = withDetail(apply([stepEvent(404)]), {
      ...RUN,
      has_model: true,
      checkpoints: [{ step: 400, epoch: 4 }],
    });
    expect(run).toMatchObject({
      step: 404,
      has_model: true,
      checkpoints: [{ step: 400, epoch: 4 }],
    });
  });
  it("ignores events that it does not know", () => {
    expect(parseEvent('{"type":"end"}')).toBeUndefined();
    expect(parseEvent("not JSON")).toBeUndefined();
    const wrong = { ...pictureEvent(4), weights: { ...pictureEvent(4).weights, scale: [1] } };
    expect(parseEvent(JSON.stringify(wrong))).toBeUndefined();
  });
});

describe("the controls", () => {
  const reasons = (state: typeof RUN.state, step = 400) => reasonsOf({ ...RUN, state, step }, 4);
  it("pause what trains and train what is paused", () => {
    expect(reasons("training")).toMatchObject({
      pause: null,
      step: "Pause the run first.",
      stop: null,
    });
    expect(reasons("paused")).toMatchObject({
      continue: null,
      step: null,
      epoch: null,
      rewind: null,
    });
    expect(reasons("training").delete).toBe("Stop the run first.");
  });
  it("continue a run that was stopped, but not one that is done", () => {
    expect(reasons("stopped")).toMatchObject({ continue: null, epochs: null, delete: null });
    expect(reasons("finished", 1200).continue).toContain("higher number of epochs");
    expect(reasons("finished", 1200).epochs).toBeNull();
  });
  it("serve a run that has a model", () => {
    expect(reasonsOf({ ...RUN, has_model: true }, 4).serve).toBeNull();
    expect(reasonsOf({ ...RUN, has_model: false }, 4).serve).not.toBeNull();
    expect(reasonsOf(RUN, 0).rewind).toContain("No weights");
  });
});

describe("words", () => {
  it("tell durations in two units", () => {
    expect([0.4, 59, 61, 599, 3000, 7320].map(formatDuration)).toEqual([
      "0 s",
      "59 s",
      "1 min 1 s",
      "9 min 59 s",
      "50 min",
      "2 h 2 min",
    ]);
  });
  it("tell where a run is, and what an epoch has brought", () => {
    expect(placeInWords(RUN)).toBe("Epoch 4 of 12, step 400 of 1,200");
    const text = announcementOf("training", RUN.records.at(-1));
    expect(text).toMatch(/^Epoch 4 done, validation accuracy \d+\.\d%\. The run is training\.$/);
  });
});
