// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { canBeShown } from "./imageFiles";
import { loadImage, openOrExplain } from "./images";

/** A file that begins in this way. */
const fileOf = (start: string, name = "seven") =>
  new File([Uint8Array.from(start, (character) => character.charCodeAt(0))], name);

describe("a file that the browser cannot show", () => {
  beforeEach(() => vi.stubGlobal("createImageBitmap", () => Promise.reject(new Error("unknown"))));
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"],
    ["\0\0\0\nftypmif1\0\0\0\0mif1heic", "image/heic"],
    ["II*\0\x08\0\0\0", "image/tiff"],
    ["MM\0*\0\0\0\x08", "image/tiff"],
  ])("is sent as it is if the API can read it: %j", async (start, type) => {
    const image = await loadImage(fileOf(start));
    expect(image.url).toBe(`data:${type};base64,${btoa(start)}`);
    expect(canBeShown(image)).toBe(false);
  });

  it.each([
    ["%PDF-1.7", "“seven” is a PDF file. Export its page as a PNG."],
    ['<?xml version="1.0"?><svg xmlns="x">', "“seven” is an SVG file. Export it as a PNG."],
    ["hello ftypheic", "“seven” cannot be opened as an image. Choose a PNG,"],
    ["", "“seven” is empty. Choose another image."],
  ])("is refused with what to do if it cannot: %j", async (start, told) => {
    await expect(loadImage(fileOf(start))).rejects.toThrow(told);
  });

  it("is refused if it is larger than the API takes", async () => {
    const file = fileOf("II*\0");
    Object.defineProperty(file, "size", { value: 16 * 2 ** 20 + 1 });
    await expect(loadImage(file)).rejects.toThrow("“seven” is too large.");
  });
});

it("shows what it sends in a format that browsers show", () => {
  const image = { name: "seven", transparent: false, url: "data:image/png;base64,AA==" };
  expect(canBeShown(image)).toBe(true);
});

it("is explained to the person who chose the file, if it cannot be opened", async () => {
  vi.stubGlobal("createImageBitmap", () => Promise.reject(new Error("unknown")));
  expect(await openOrExplain(fileOf("%PDF-1.7"))).toEqual({
    reason: "“seven” is a PDF file.",
    action: "Export its page as a PNG.",
  });
  vi.stubGlobal("createImageBitmap", () =>
    Promise.resolve({
      get width() {
        throw new Error("closed");
      },
    }),
  );
  expect(await openOrExplain(fileOf("anything"))).toEqual({
    reason: "This image could not be opened.",
    action: "Choose another image.",
  });
  vi.unstubAllGlobals();
});
