import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { SEEN } from "../../tests/fixtures";
import { newFreehandDrawing, newPixelDrawing } from "./drawing";
import {
  addRecent,
  MAX_RECENT_DRAWINGS,
  type RecentDrawing,
  RecentDrawingsSchema,
} from "./recentDrawings";

const recent = (id: string, label: string | null = "3"): RecentDrawing => ({
  id,
  drawing: newFreehandDrawing(),
  label,
  confidence: 0.9,
  seen: SEEN,
});

describe("addRecent", () => {
  it("puts the newest first", () => {
    expect(addRecent([recent("a")], recent("b")).map(({ id }) => id)).toEqual(["b", "a"]);
  });
  it("replaces an earlier version of the same drawing", () => {
    const recents = addRecent([recent("b"), recent("a", "3")], recent("a", "8"));
    expect(recents.map(({ id, label }) => [id, label])).toEqual([
      ["a", "8"],
      ["b", "3"],
    ]);
  });
  it("drops the oldest", () => {
    let recents: readonly RecentDrawing[] = [];
    for (let index = 0; index < 20; index++) recents = addRecent(recents, recent(String(index)));
    expect(recents).toHaveLength(MAX_RECENT_DRAWINGS);
    expect(recents.at(-1)?.id).toBe("8");
  });
});

describe("the stored list", () => {
  const restore = (value: unknown) =>
    v.parse(RecentDrawingsSchema, JSON.parse(JSON.stringify(value)));

  it("is restored in its order", () => {
    const pixels: RecentDrawing = { ...recent("p", null), drawing: newPixelDrawing() };
    const stored = [recent("a"), pixels];
    expect(restore(stored)).toEqual(stored);
  });

  it("is restored from earlier versions of the page, which stored digits", () => {
    const { label: _, ...stored } = recent("a");
    expect(restore([{ ...stored, digit: 3 }])).toEqual([{ ...stored, label: "3" }]);
    expect(restore([{ ...stored, digit: null }])).toEqual([{ ...stored, label: null }]);
  });

  it.each([null, {}, 7, "[]"])("is not %j", (value) => {
    expect(v.is(RecentDrawingsSchema, value)).toBe(false);
  });

  const stroke = { points: [[1, 2, 0.5]], width: 16, hasPressure: false };
  const withDrawing = (fields: object) => ({
    ...recent("b"),
    drawing: { mode: "freehand", id: "x", strokes: [stroke], image: null, ...fields },
  });
  it.each<[string, unknown]>([
    ["null", null],
    ["an image on another server", { ...recent("b"), seen: "https://elsewhere.example/x.png" }],
    ["a script", { ...recent("b"), seen: "javascript:alert(1)" }],
    ["an SVG image", { ...recent("b"), seen: "data:image/svg+xml;base64,PHN2Zy8+" }],
    ["a digit above 9", { ...recent("b"), label: undefined, digit: 42 }],
    ["an object as its label", { ...recent("b"), label: {} }],
    ["a label of a thousand characters", { ...recent("b"), label: "l".repeat(1000) }],
    ["a confidence above 1", { ...recent("b"), confidence: 1e300 }],
    ["an object as its id", { ...recent("b"), id: {} }],
    ["an unknown mode", { ...recent("b"), drawing: { mode: "film" } }],
    ["a number as a stroke", withDrawing({ strokes: [7] })],
    ["a stroke without points", withDrawing({ strokes: [{ ...stroke, points: [] }] })],
    ["a point of one number", withDrawing({ strokes: [{ ...stroke, points: [[1]] }] })],
    ["a point far away", withDrawing({ strokes: [{ ...stroke, points: [[1e300, 0, 0.5]] }] })],
    ["a stroke of enormous width", withDrawing({ strokes: [{ ...stroke, width: 1e9 }] })],
    [
      "an opened SVG image",
      withDrawing({ image: { name: "", url: "data:image/svg+xml;base64,A" } }),
    ],
    [
      "an opened image on another server",
      withDrawing({ image: { name: "", url: "https://e.example/" } }),
    ],
    [
      "a grid that is too small",
      { ...recent("b"), drawing: { mode: "pixels", id: "x", grid: [1] } },
    ],
  ])("is restored without an entry that has %s", (_, value) => {
    expect(restore([recent("a"), value, withDrawing({}), recent("c")]).map(({ id }) => id)).toEqual(
      ["a", "b", "c"],
    );
    expect(restore([value])).toEqual([]);
  });

  it("is restored without duplicates, up to the maximum length", () => {
    const many = Array.from({ length: 100 }, (_, index) => recent(String(index)));
    expect(restore([recent("0"), ...many]).map(({ id }) => id)).toEqual(
      many.slice(0, MAX_RECENT_DRAWINGS).map(({ id }) => id),
    );
  });
});
