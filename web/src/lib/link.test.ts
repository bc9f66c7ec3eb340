import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { NO_CONSTRAINTS } from "./constraints";
import { sampleStrokes } from "./digitPaths";
import {
  FreehandDrawingSchema,
  newFreehandDrawing,
  newNumberDrawing,
  newPixelDrawing,
  PixelDrawingSchema,
} from "./drawing";
import { formatLink, type LinkContent, parseLink } from "./link";

const digit = newFreehandDrawing({ strokes: sampleStrokes(3, 16) });
const number = newNumberDrawing({ strokes: sampleStrokes(5, 16) });
const content: LinkContent = { drawing: digit, model: "mlp", constraints: null };
const inside = { view: "inside", parameters: { unit: "2.3.4.0", target: "7" } } as const;
const link = formatLink(inside, content) ?? "";

describe("a link", () => {
  it("restores the drawing, the model and the parameters of the view", () => {
    const opened = parseLink(link);
    if (opened.kind !== "content") throw new Error(opened.kind);
    // What is left for the view.
    expect(opened.address).toEqual(inside);
    expect(opened.content).toMatchObject({ model: "mlp", constraints: null });
    expect(opened.content.drawing).toMatchObject({ mode: "freehand" });
    expect(formatLink(inside, opened.content)).toBe(link);
  });
  it("restores the constraints of a number", () => {
    const constraints = { ...NO_CONSTRAINTS, pattern: "4??? ??", choices: "12\n34" };
    const address = { view: "number", parameters: {} } as const;
    const opened = parseLink(
      formatLink(address, { drawing: number, model: null, constraints }) ?? "",
    );
    expect(opened).toMatchObject({ kind: "content", address, content: { constraints } });
  });
  it("without content is the address alone", () => {
    const nothing = { drawing: null, model: null, constraints: null };
    expect(formatLink(inside, nothing)).toBe("#/inside?unit=2.3.4.0&target=7");
    expect(parseLink("#/inside?unit=2.3.4.0&target=7")).toEqual({ kind: "nothing" });
    expect(parseLink("#drawing")).toEqual({ kind: "nothing" });
  });
  it("is not made if it would be too long", () => {
    const constraints = { ...NO_CONSTRAINTS, choices: "1234\n".repeat(5000) };
    const address = { view: "number", parameters: {} } as const;
    expect(formatLink(address, { drawing: number, model: null, constraints })).toBeNull();
  });
  it.each([
    ["of another mode than its view", link.replace("#/inside", "#/number")],
    ["with an empty drawing", "#/inside?drawing="],
    ["with a text that is not base64", "#/?drawing=%00%00"],
    ["with a model without a name", "#/?model="],
    ["with a model of 10,000 characters", `#/?model=${"m".repeat(10_000)}`],
    ["that is cut off", link.slice(0, -3)],
    [
      "with an unknown checksum",
      formatLink(
        { view: "number", parameters: {} },
        {
          drawing: number,
          model: null,
          constraints: { ...NO_CONSTRAINTS, checksum: "none" },
        },
      ) ?? "",
    ],
    ["that is too long", `#/?drawing=${"A".repeat(20_000)}`],
    ["to no view", "#/elsewhere?model=m"],
  ])("%s is refused in one sentence", (_, fragment) => {
    expect(parseLink(fragment)).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/^This link [^.]*\.$/),
      address: { parameters: {} },
    });
  });
  it("never opens a drawing that is not valid, however it is changed", () => {
    const pixels = formatLink(
      { view: "draw", parameters: {} },
      {
        ...content,
        drawing: newPixelDrawing(Array.from({ length: 784 }, (_, index) => (index % 7 ? 0 : 255))),
      },
    );
    const random = generator(1);
    for (let round = 0; round < 3000; round++) {
      const original = (round % 2 ? pixels : link) ?? "";
      const changed = mutate(original, random);
      const opened = parseLink(changed);
      if (opened.kind !== "content" || !opened.content.drawing) continue;
      const { drawing } = opened.content;
      const schema = drawing.mode === "pixels" ? PixelDrawingSchema : FreehandDrawingSchema;
      expect(v.is(schema, drawing), changed).toBe(true);
      // The checksum lets only the drawing of the original through.
      const text = new URLSearchParams(original.split("?")[1]).get("drawing");
      expect(changed).toContain(text);
    }
  });
  it("with a false checksum, whose bytes are anything, opens only valid drawings", () => {
    const random = generator(2);
    let valid = 0;
    for (let round = 0; round < 3000; round++) {
      const length = 1 + Math.floor(random() * 40);
      const bytes = Array.from({ length }, () => Math.floor(random() ** 3 * 256));
      const opened = parseLink(`#/?drawing=${withChecksum([1 + (round % 3), ...bytes])}`);
      if (opened.kind !== "content" || !opened.content.drawing) continue;
      const { drawing } = opened.content;
      const schema = drawing.mode === "pixels" ? PixelDrawingSchema : FreehandDrawingSchema;
      expect(v.is(schema, drawing)).toBe(true);
      valid += 1;
    }
    // Otherwise, this would test the checksum alone.
    expect(valid).toBeGreaterThan(0);
  });
});

/** Random numbers from 0 to 1, the same each time. */
function generator(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Replace, delete, insert, repeat or cut off some characters. */
function mutate(text: string, random: () => number): string {
  const anywhere = () => Math.floor(random() * text.length);
  const [at, to] = [anywhere(), anywhere()];
  const character = String.fromCharCode(32 + Math.floor(random() * 96));
  switch (Math.floor(random() * 5)) {
    case 0:
      return text.slice(0, at) + character + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 5));
    case 2:
      return text.slice(0, at) + character + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(Math.min(at, to), Math.max(at, to)) + text.slice(at);
    default:
      return text.slice(0, at);
  }
}

function withChecksum(bytes: readonly number[]): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const buffer = Buffer.from([0, 0, 0, 0, ...bytes]);
  buffer.writeUInt32BE(hash);
  return buffer.toString("base64url");
}
