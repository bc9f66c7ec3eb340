import { describe, expect, it } from "vitest";
import { areRecents, MOST_RECENTS, type Recent, remember } from "./recents";
import { newPixels, newSheet } from "./sheet";

const recent = (id: string, digit: number | null = 3): Recent => ({
  id,
  drawn: { kind: "sheet", sheet: newSheet() },
  digit,
  confidence: 0.9,
  seen: "data:image/png;base64,AAAA",
});

describe("remember", () => {
  it("puts the newest first", () => {
    expect(remember([recent("a")], recent("b")).map(({ id }) => id)).toEqual(["b", "a"]);
  });
  it("keeps one of each drawing: the newer", () => {
    const recents = remember([recent("b"), recent("a", 3)], recent("a", 8));
    expect(recents.map(({ id, digit }) => [id, digit])).toEqual([
      ["a", 8],
      ["b", 3],
    ]);
  });
  it("forgets the oldest", () => {
    let recents: readonly Recent[] = [];
    for (let index = 0; index < 20; index++) recents = remember(recents, recent(String(index)));
    expect(recents).toHaveLength(MOST_RECENTS);
    expect(recents.at(-1)?.id).toBe("8");
  });
});

describe("areRecents", () => {
  it("takes what was kept", () => {
    const pixels: Recent = { ...recent("p", null), drawn: { kind: "pixels", pixels: newPixels() } };
    expect(areRecents(JSON.parse(JSON.stringify([recent("a"), pixels])))).toBe(true);
  });
  it.each([
    null,
    {},
    [null],
    [{ ...recent("a"), seen: "https://elsewhere.example/x.png" }],
    [{ ...recent("a"), drawn: { kind: "sheet", sheet: { id: "x", strokes: [7] } } }],
    [{ ...recent("a"), drawn: { kind: "pixels", pixels: { id: "x", grid: [1, 2] } } }],
  ])("refuses %j", (value) => {
    expect(areRecents(value)).toBe(false);
  });
});
