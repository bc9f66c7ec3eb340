/** Colors of arrays that are shown as pictures. */

import type { Rgb } from "../themeColors";

/** How a picture is colored: a drawing white on black, values of any sign, or signed effects. */
export type Scale = "ink" | "activation" | "effect";

/** 257 opaque colors, from the most negative value to the most positive one. */
export type Colors = Uint32Array<ArrayBuffer>;

const STEPS = 256;

/** The CSS variables between which a scale interpolates: negative, zero, positive. */
export const SCALE_VARIABLES: Readonly<Record<Scale, readonly [string, string, string]>> = {
  ink: ["--picture-ink-zero", "--picture-ink-zero", "--picture-ink"],
  activation: ["--picture-negative", "--picture-zero", "--picture-activation"],
  effect: ["--picture-negative", "--picture-zero", "--picture-positive"],
};

/** Interpolate between three colors. The middle one is exactly that of zero. */
export function interpolate(negative: Rgb, zero: Rgb, positive: Rgb): Colors {
  const colors = new Uint32Array(STEPS + 1);
  for (let step = 0; step <= STEPS; step++) {
    const value = (step - STEPS / 2) / (STEPS / 2);
    const end = value < 0 ? negative : positive;
    const [red, green, blue] = zero.map((from, channel) =>
      Math.round(from + (end[channel as 0 | 1 | 2] - from) * Math.abs(value)),
    ) as [number, number, number];
    // As bytes in memory: red, green, blue, alpha.
    colors[step] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return colors;
}

/** Color values; those beyond `max` take the color of the end.
 *
 * @param max  the absolute value that has the color of an end
 */
export function colorValues(values: ArrayLike<number>, max: number, colors: Colors): Colors {
  const pixels = new Uint32Array(values.length);
  const factor = max > 0 ? STEPS / 2 / max : 0;
  for (let place = 0; place < pixels.length; place++) {
    const step = Math.round((values[place] ?? 0) * factor + STEPS / 2);
    pixels[place] = colors[Math.max(0, Math.min(STEPS, step))] ?? 0;
  }
  return pixels;
}

/** On black, whatever the theme: pixels that speak against the class, and for it. */
const AGAINST: Rgb = [56, 154, 255];
const FOR: Rgb = [255, 122, 41];
/** Below an overlay, the ink is gray, so that it does not outshine the colors. */
const DIMMED = 0.42;

/** Draw pixels white on black, with colored effects laid over them.
 *
 * @param pixels   from 0 to 1
 * @param effects  of any scale; the largest absolute value is opaque
 * @returns        red, green, blue and alpha of each pixel
 */
export function blend(
  pixels: ArrayLike<number>,
  effects: ArrayLike<number> | null,
): Uint8ClampedArray<ArrayBuffer> {
  const bytes = new Uint8ClampedArray(4 * pixels.length);
  let max = 0;
  for (let place = 0; effects && place < effects.length; place++) {
    max = Math.max(max, Math.abs(effects[place] ?? 0));
  }
  const brightness = effects ? 255 * DIMMED : 255;
  for (let place = 0; place < pixels.length; place++) {
    const gray = (pixels[place] ?? 0) * brightness;
    const effect = max > 0 ? (effects?.[place] ?? 0) / max : 0;
    const color = effect < 0 ? AGAINST : FOR;
    const alpha = Math.abs(effect) ** 0.75;
    for (const channel of [0, 1, 2] as const) {
      bytes[4 * place + channel] = gray + (color[channel] - gray) * alpha;
    }
    bytes[4 * place + 3] = 255;
  }
  return bytes;
}
