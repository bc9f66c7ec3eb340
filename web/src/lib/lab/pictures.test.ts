import { describe, expect, it } from "vitest";
import { bytesOf, inkPixels, mosaicOf, probabilityPixels, weightPixels } from "./pictures";

const RED = [200, 0, 0] as const;
const BLUE = [0, 0, 200] as const;

describe("pictures of arrays", () => {
  it("decodes bytes", () => {
    expect([...bytesOf("AAH/gA==")]).toEqual([0, 1, 255, 128]);
  });
  it("arranges pictures in rows with a gap, the last row perhaps shorter", () => {
    expect(mosaicOf(5, 2, 3, 2)).toEqual({ columns: 2, rows: 3, width: 7, height: 8 });
    expect(mosaicOf(1, 28, 28, 16)).toEqual({ columns: 1, rows: 1, width: 28, height: 28 });
  });
  it("draws weights by sign and size, each in its place", () => {
    const mosaic = mosaicOf(2, 1, 2, 2);
    const pixels = weightPixels([127, -63.5, 0, -128], 2, 1, 2, mosaic, RED, BLUE);
    const at = (x: number) => [...pixels.slice(4 * x, 4 * x + 4)];
    expect(mosaic.width).toBe(5);
    expect(at(0)).toEqual([200, 0, 0, 255]);
    expect(at(1)).toEqual([0, 0, 200, 128]);
    expect(at(2)).toEqual([0, 0, 0, 0]); // the gap
    expect(at(3)[3]).toBe(0);
    expect(at(4)).toEqual([0, 0, 200, 255]);
  });
  it("draws ink white on black", () => {
    expect([...inkPixels([0, 255])]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  });
  it("draws probabilities as a column a step and a row a class", () => {
    const pixels = probabilityPixels(
      [
        [1, 0],
        [0, 0.4],
      ],
      2,
      RED,
    );
    expect([3, 7, 11, 15].map((at) => pixels[at])).toEqual([255, 0, 0, 102]);
  });
});
