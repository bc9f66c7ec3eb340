/** Arrays as the pixels of a picture. */

import type { Rgb } from "../themeColors";

/** Numbers of an array that was sent in base64, a byte each. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** How pictures of equal size are arranged: rows and columns, and a gap of one pixel. */
export interface Mosaic {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

const GAP = 1;

/** Arrange pictures in rows that together are about as wide as `aspect` times their height. */
export function mosaicOf(count: number, height: number, width: number, columns: number): Mosaic {
  const shown = Math.max(1, Math.min(columns, count));
  const rows = Math.max(1, Math.ceil(count / shown));
  return {
    columns: shown,
    rows,
    width: shown * (width + GAP) - GAP,
    height: rows * (height + GAP) - GAP,
  };
}

/** Weights as RGBA: the color tells the sign, and the opacity the size, so that it suits any theme.
 *
 * @param weights  picture after picture, each row by row, from -127 to 127
 */
export function weightPixels(
  weights: ArrayLike<number>,
  count: number,
  height: number,
  width: number,
  mosaic: Mosaic,
  positive: Rgb,
  negative: Rgb,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * mosaic.width * mosaic.height);
  for (let picture = 0; picture < count; picture++) {
    const left = (picture % mosaic.columns) * (width + GAP);
    const top = Math.floor(picture / mosaic.columns) * (height + GAP);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const weight = weights[(picture * height + row) * width + column] ?? 0;
        const [red, green, blue] = weight < 0 ? negative : positive;
        const at = 4 * ((top + row) * mosaic.width + left + column);
        pixels[at] = red;
        pixels[at + 1] = green;
        pixels[at + 2] = blue;
        pixels[at + 3] = (255 * Math.min(127, Math.abs(weight))) / 127;
      }
    }
  }
  return pixels;
}

/** Ink as RGBA, white on black as the network sees it.
 *
 * @param ink  0 to 255
 */
export function inkPixels(ink: ArrayLike<number>): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * ink.length);
  for (let index = 0; index < ink.length; index++) {
    const value = ink[index] ?? 0;
    pixels.fill(value, 4 * index, 4 * index + 3);
    pixels[4 * index + 3] = 255;
  }
  return pixels;
}

/** Probabilities over time as RGBA: a column a step, a row a class.
 *
 * @param steps  at each step, the probability of each class
 */
export function probabilityPixels(
  steps: readonly (readonly number[])[],
  classes: number,
  [red, green, blue]: Rgb,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * steps.length * classes);
  steps.forEach((probabilities, column) => {
    for (let row = 0; row < classes; row++) {
      const at = 4 * (row * steps.length + column);
      pixels.set([red, green, blue, 255 * (probabilities[row] ?? 0)], at);
    }
  });
  return pixels;
}
