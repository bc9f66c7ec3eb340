import { describe, expect, it } from "vitest";
import { blend, colorValues, interpolate } from "./colors";

const bytes = (colors: Uint32Array) =>
  [...colors].map((color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255, color >>> 24]);

describe("a scale", () => {
  const colors = interpolate([0, 0, 255], [255, 255, 255], [255, 0, 0]);
  it("has the color of zero for zero, and those of its ends for the largest values", () => {
    expect(bytes(colorValues([-2, 0, 2], 2, colors))).toEqual([
      [0, 0, 255, 255],
      [255, 255, 255, 255],
      [255, 0, 0, 255],
    ]);
  });
  it("takes larger values for the largest ones, and all for zero if there is none", () => {
    expect(bytes(colorValues([9, -9], 3, colors))).toEqual(bytes(colorValues([3, -3], 3, colors)));
    expect(bytes(colorValues([0, 0], 0, colors))[0]).toEqual([255, 255, 255, 255]);
  });
});

describe("an overlay", () => {
  it("leaves the drawing white on black without effects", () => {
    expect([...blend([0, 1], null)]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
    expect([...blend([0], [0])]).toEqual([0, 0, 0, 255]);
  });
  it("is orange for, and blue against", () => {
    const [red = 0, , blue = 0] = blend([0, 0], [1, -1]);
    const [, , , , redAgainst = 0, , blueAgainst = 0] = blend([0, 0], [1, -1]);
    expect(red).toBeGreaterThan(blue);
    expect(blueAgainst).toBeGreaterThan(redAgainst);
  });
});
