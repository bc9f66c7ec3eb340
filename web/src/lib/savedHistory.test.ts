import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { type Drawing, newFreehandDrawing, newNumberDrawing, newPixelDrawing } from "./drawing";
import { drawLine, EMPTY_GRID } from "./grid";
import { createHistory, type History, push, redo, undo } from "./history";
import {
  encodeHistory,
  FreehandHistorySchema,
  NumberHistorySchema,
  PixelHistorySchema,
} from "./savedHistory";
import type { Stroke } from "./strokes";

const stroke = (x: number): Stroke => ({
  points: [
    [x, 1, 0.5],
    [x, 2, 0.5],
  ],
  width: 16,
  hasPressure: false,
});
const IMAGE = { name: "7.png", url: "data:image/png;base64,AAAA", transparent: false };

/** A history of strokes added one by one, with some steps undone. */
function freehandHistory(steps: number, undone = 0) {
  let history = createHistory(newFreehandDrawing());
  for (let step = 0; step < steps; step++) {
    const { present } = history;
    history = push(history, { ...present, strokes: [...present.strokes, stroke(step)] });
  }
  for (let step = 0; step < undone; step++) history = undo(history);
  return history;
}

const throughJson = (history: History<Drawing>, ...limits: number[]) =>
  JSON.parse(JSON.stringify(encodeHistory(history, ...limits)));

describe("a stored history of a number", () => {
  const first = newNumberDrawing({ strokes: [stroke(1)] });
  const correction = { box: [0, 0, 30, 90] as const, digit: 7 };
  const corrected = { ...first, edits: { corrections: [correction], choice: null } };
  const choice = { text: "17", insteadOf: "117" };
  const chosen = { ...first, edits: { corrections: [correction], choice } };
  const history = push(push(createHistory(first), corrected), chosen);

  it("is restored with the corrections of each step", () => {
    expect(v.parse(NumberHistorySchema, throughJson(history))).toEqual(history);
  });

  it.each([
    { box: [0, 0, 30], digit: 7 },
    { box: [0, 0, 30, 90], digit: 10 },
    { text: "<b>", insteadOf: "117" },
  ])("is not restored with %j", (part) => {
    const saved = { parts: [part], steps: [["a", [0]]], present: 0 };
    expect(v.is(NumberHistorySchema, saved)).toBe(false);
  });
});

describe("a stored freehand history", () => {
  it("is restored with its undo and redo steps", () => {
    const history = freehandHistory(4, 2);
    const restored = v.parse(FreehandHistorySchema, throughJson(history));
    expect(restored).toEqual(history);
    expect(undo(undo(restored)).present.strokes).toEqual([]);
    expect(redo(redo(restored)).present.strokes).toHaveLength(4);
  });

  it("is restored with opened images", () => {
    const history = push(freehandHistory(2), newFreehandDrawing({ image: IMAGE }));
    expect(v.parse(FreehandHistorySchema, throughJson(history))).toEqual(history);
  });

  it("stores each stroke once, and restores it as one object", () => {
    const saved = encodeHistory(freehandHistory(40));
    expect(saved.parts).toHaveLength(40);
    const { past, present } = v.parse(FreehandHistorySchema, saved);
    expect(past.at(-1)?.strokes[0]).toBe(present.strokes[0]);
    expect(encodeHistory({ past, present, future: [], gesture: null })).toEqual(saved);
  });

  it("is limited to the steps nearest to the present", () => {
    const history = freehandHistory(10, 5);
    const saved = v.parse(FreehandHistorySchema, throughJson(history, 2));
    expect(saved.past).toEqual(history.past.slice(-2));
    expect(saved.future).toEqual(history.future.slice(0, 2));
    expect(v.parse(FreehandHistorySchema, throughJson(history, 0))).toEqual(
      createHistory(history.present),
    );
  });

  it("is limited in length, but always contains the present", () => {
    const image = { ...IMAGE, url: `data:image/png;base64,${"A".repeat(5000)}` };
    const history = push(freehandHistory(3), newFreehandDrawing({ image }));
    const saved = v.parse(FreehandHistorySchema, throughJson(history, 50, 1000));
    expect(saved.present).toEqual(history.present);
    expect(saved.past).toEqual([]);
    const before = v.parse(FreehandHistorySchema, throughJson(undo(history), 50, 1000));
    expect(before.past).toEqual(undo(history).past);
    expect(before.future).toEqual([]);
  });

  it("may be a drawing alone, as earlier versions of the page stored it", () => {
    const drawing = newFreehandDrawing({ strokes: [stroke(1)] });
    expect(v.parse(FreehandHistorySchema, drawing)).toEqual(createHistory(drawing));
  });

  const valid = throughJson(freehandHistory(3));
  it.each<[string, object]>([
    ["no step", { steps: [] }],
    ["a present that does not exist", { present: 9 }],
    ["a present between two steps", { present: 0.5 }],
    ["a part that does not exist", { steps: [["a", [99]]], present: 0 }],
    ["a place that is a name", { steps: [["a", ["length"]]], present: 0 }],
    ["an invalid part", { parts: [{ points: [[1e300, 0, 0]], width: 1, hasPressure: false }] }],
    ["two images", { parts: [IMAGE, IMAGE], steps: [["a", [0, 1]]], present: 0 }],
    ["an SVG image", { parts: [{ ...IMAGE, url: "data:image/svg+xml;base64,A" }] }],
    ["thousands of steps", { steps: Array(10_000).fill(["a", []]), present: 0 }],
  ])("is not restored with %s", (_, fields) => {
    expect(v.is(FreehandHistorySchema, valid)).toBe(true);
    expect(v.is(FreehandHistorySchema, { ...valid, ...fields })).toBe(false);
  });
});

describe("a stored pixel history", () => {
  it("is restored with its undo steps, also from a drawing alone", () => {
    const first = newPixelDrawing();
    const grid = drawLine(EMPTY_GRID, [3, 3], [3, 20], 2, 255);
    const history = push(createHistory(first), { ...first, grid });
    expect(v.parse(PixelHistorySchema, throughJson(history))).toEqual(history);
    expect(v.parse(PixelHistorySchema, first)).toEqual(createHistory(first));
  });
  it.each([
    { parts: [[1, 2]], steps: [["a", [0]]], present: 0 },
    { parts: [EMPTY_GRID], steps: [["a", []]], present: 0 },
    { parts: [EMPTY_GRID], steps: [["a", [0, 0]]], present: 0 },
  ])("is not restored from case %#", (saved) => {
    expect(v.is(PixelHistorySchema, saved)).toBe(false);
  });
});
