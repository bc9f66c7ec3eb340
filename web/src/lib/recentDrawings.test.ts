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

const recent = (id: string, digit: number | null = 3): RecentDrawing => ({
  id,
  drawn: { kind: "sheet", sheet: newFreehandDrawing() },
  digit,
  confidence: 0.9,
  seen: SEEN,
});

describe("remember", () => {
  it("puts the newest first", () => {
    expect(addRecent([recent("a")], recent("b")).map(({ id }) => id)).toEqual(["b", "a"]);
  });
  it("keeps one of each drawing: the newer", () => {
    const recents = addRecent([recent("b"), recent("a", 3)], recent("a", 8));
    expect(recents.map(({ id, digit }) => [id, digit])).toEqual([
      ["a", 8],
      ["b", 3],
    ]);
  });
  it("forgets the oldest", () => {
    let recents: readonly RecentDrawing[] = [];
    for (let index = 0; index < 20; index++) recents = addRecent(recents, recent(String(index)));
    expect(recents).toHaveLength(MAX_RECENT_DRAWINGS);
    expect(recents.at(-1)?.id).toBe("8");
  });
});

describe("what was kept", () => {
  const restored = (value: unknown) =>
    v.parse(RecentDrawingsSchema, JSON.parse(JSON.stringify(value)));

  it("is restored, in its order", () => {
    const pixels: RecentDrawing = {
      ...recent("p", null),
      drawn: { kind: "pixels", pixels: newPixelDrawing() },
    };
    const kept = [recent("a"), pixels];
    expect(restored(kept)).toEqual(kept);
  });

  it.each([null, {}, 7, "[]"])("is not %j", (value) => {
    expect(v.is(RecentDrawingsSchema, value)).toBe(false);
  });

  const stroke = { points: [[1, 2, 0.5]], width: 16, pressed: false };
  const drawn = (fields: object) => ({
    ...recent("b"),
    drawn: { kind: "sheet", sheet: { id: "x", strokes: [stroke], picture: null, ...fields } },
  });
  it.each<[string, unknown]>([
    ["nothing", null],
    ["a picture of another server", { ...recent("b"), seen: "https://elsewhere.example/x.png" }],
    ["a script", { ...recent("b"), seen: "javascript:alert(1)" }],
    ["an SVG image", { ...recent("b"), seen: "data:image/svg+xml;base64,PHN2Zy8+" }],
    ["a digit over 9", { ...recent("b"), digit: 42 }],
    ["a confidence over 1", { ...recent("b"), confidence: 1e300 }],
    ["an object as name", { ...recent("b"), id: {} }],
    ["another kind", { ...recent("b"), drawn: { kind: "film" } }],
    ["a number as stroke", drawn({ strokes: [7] })],
    ["a stroke without points", drawn({ strokes: [{ ...stroke, points: [] }] })],
    ["a point of one number", drawn({ strokes: [{ ...stroke, points: [[1]] }] })],
    ["a point far away", drawn({ strokes: [{ ...stroke, points: [[1e300, 0, 0.5]] }] })],
    ["a stroke of enormous width", drawn({ strokes: [{ ...stroke, width: 1e9 }] })],
    [
      "an SVG image as picture",
      drawn({ picture: { name: "", url: "data:image/svg+xml;base64,A" } }),
    ],
    ["a picture of another server", drawn({ picture: { name: "", url: "https://e.example/" } })],
    ["a small grid", { ...recent("b"), drawn: { kind: "pixels", pixels: { id: "x", grid: [1] } } }],
  ])("is restored without %s in it", (_, value) => {
    expect(restored([recent("a"), value, drawn({}), recent("c")]).map(({ id }) => id)).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(restored([value])).toEqual([]);
  });

  it("is restored with each drawing once, and not too many", () => {
    const many = Array.from({ length: 100 }, (_, index) => recent(String(index)));
    expect(restored([recent("0"), ...many]).map(({ id }) => id)).toEqual(
      many.slice(0, MAX_RECENT_DRAWINGS).map(({ id }) => id),
    );
  });
});
