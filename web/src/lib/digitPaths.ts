/** The ten digits as pen strokes: used for the result, the sample digits and the logo. */

import { CANVAS_SIZE, type Stroke } from "./strokes";
import { parsePath } from "./svgPath";

/** Size of the box around each digit. */
export const DIGIT_BOX = { width: 100, height: 160 } as const;

/** SVG paths of the pen's center line, one for each digit. */
export const DIGIT_PATHS: readonly string[] = [
  "M50,4 C22,4 8,38 8,80 C8,122 22,156 50,156 C78,156 92,122 92,80 C92,38 78,4 50,4 C48,4 46,4 45,4.2",
  "M26,36 L56,4 L56,156",
  "M12,44 C12,18 28,4 50,4 C74,4 88,20 88,42 C88,76 34,112 10,156 L92,156",
  "M12,26 C20,12 34,4 50,4 C72,4 84,18 84,38 C84,62 66,74 44,74 C70,74 90,90 90,115 C90,140 72,156 48,156 C30,156 16,148 8,132",
  "M66,4 L8,108 L96,108 M68,60 L68,156",
  "M84,4 L24,4 L17,72 C26,63 38,58 50,58 C76,58 92,78 92,106 C92,136 74,156 48,156 C30,156 16,148 8,134",
  "M76,4 C40,28 10,66 10,108 C10,138 26,156 50,156 C74,156 90,138 90,112 C90,86 74,68 52,68 C30,68 14,84 11,104",
  "M8,4 L92,4 C66,50 46,100 40,156",
  "M50,74 C28,74 16,58 16,40 C16,18 30,4 50,4 C70,4 84,18 84,40 C84,58 72,74 50,74 C24,74 8,92 8,116 C8,142 26,156 50,156 C74,156 92,142 92,116 C92,92 76,74 50,74",
  "M89,52 C86,76 70,92 48,92 C26,92 10,74 10,48 C10,22 26,4 50,4 C74,4 90,22 90,52 C90,100 66,134 28,156",
];

/** Strokes of a digit, centered in the drawing area.
 *
 * @throws RangeError if `digit` is not 0 to 9
 */
export function sampleStrokes(digit: number, width: number): Stroke[] {
  const path = DIGIT_PATHS[digit];
  if (path === undefined) throw new RangeError(`${digit} is not a digit`);
  const left = (CANVAS_SIZE - DIGIT_BOX.width) / 2;
  const top = (CANVAS_SIZE - DIGIT_BOX.height) / 2;
  return parsePath(path).map((line) => ({
    points: line.map(([x, y]) => [left + x, top + y, 0.5]),
    width,
    hasPressure: false,
  }));
}
