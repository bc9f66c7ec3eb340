/** The arithmetic of one unit, from the numbers that the page shows. */

/** One product of a weighted sum. */
export interface Term {
  /** Position among the unit's inputs. */
  readonly place: number;
  readonly input: number;
  readonly weight: number;
  readonly product: number;
}

/** The products of inputs and weights, in their order. */
export function termsOf(inputs: ArrayLike<number>, weights: ArrayLike<number>): Term[] {
  return Array.from({ length: Math.min(inputs.length, weights.length) }, (_, place) => {
    const [input, weight] = [inputs[place] ?? 0, weights[place] ?? 0];
    return { place, input, weight, product: input * weight };
  });
}

/** The terms with the largest products, the largest first, and the sum of all others. */
export function largestTerms(terms: readonly Term[], count: number) {
  const sorted = terms.toSorted((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const rest = sorted.slice(count);
  return {
    shown: sorted.slice(0, count).filter(({ product }) => product !== 0),
    rest: rest.reduce((sum, { product }) => sum + product, 0),
    restCount: rest.length + sorted.slice(0, count).filter(({ product }) => product === 0).length,
  };
}

const TOLERANCE = 5e-4;

/** Round terms so that what is shown adds up exactly to what is shown as their sum.
 *
 * Each term is rounded up or down instead of to the nearest, those first that this changes least
 * (the largest remainder method). Terms that are not those of the sum are left as they are.
 *
 * @param total  the sum, which is rounded to the nearest
 */
export function roundToSum(terms: readonly number[], total: number, decimals = 3): number[] {
  const unit = 10 ** decimals;
  const exact = terms.map((term) => term * unit);
  const rounded = exact.map(Math.round);
  let missing = Math.round(total * unit) - rounded.reduce((a, b) => a + b, 0);
  // The API's values have four digits. What differs by more is an error, which must not be hidden.
  const size = exact.reduce((sum, value) => sum + Math.abs(value), Math.abs(total * unit));
  if (Math.abs(missing) > terms.length + TOLERANCE * size) return rounded.map((n) => n / unit);
  const step = Math.sign(missing);
  // By how much each is already on the other side; those that were rounded away come first.
  const order = exact
    .map((value, place) => ({ place, gain: step * (value - (rounded[place] ?? 0)) }))
    .toSorted((a, b) => b.gain - a.gain);
  for (let turn = 0; missing !== 0 && order.length > 0; turn++) {
    const place = order[turn % order.length]?.place ?? 0;
    rounded[place] = (rounded[place] ?? 0) + step;
    missing -= step;
  }
  return rounded.map((value) => value / unit);
}

/** The window of an image below a unit, in C order.
 *
 * @param shape   of the image, (height, width, channels)
 * @param corner  row and column of the window's first pixel
 */
export function windowOf(
  image: ArrayLike<number>,
  shape: readonly number[],
  corner: readonly [row: number, column: number],
  side: number,
): number[] {
  const [, width = 0, channels = 1] = shape;
  return Array.from({ length: side * side * channels }, (_, place) => {
    const cell = Math.floor(place / channels);
    const row = corner[0] + Math.floor(cell / side);
    const column = corner[1] + (cell % side);
    return image[(row * width + column) * channels + (place % channels)] ?? 0;
  });
}

/** The part of the input that a convolution or pooling layer uses for one unit. */
export function windowSize(
  type: string,
  inputShape: readonly number[],
  outputShape: readonly number[],
): { readonly side: number; readonly stride: number } {
  const [input = 1, output = 1] = [inputShape[0], outputShape[0]];
  if (type === "Conv2D") return { side: input - output + 1, stride: 1 };
  const side = Math.max(1, Math.floor(input / output));
  return { side, stride: side };
}

/** Sum of a window's products for each channel of the input. */
export function channelSums(terms: readonly Term[], channels: number): number[] {
  const sums: number[] = Array(channels).fill(0);
  for (const { place, product } of terms) {
    sums[place % channels] = (sums[place % channels] ?? 0) + product;
  }
  return sums;
}

/** The next or previous position, row by row, from the last on to the first. */
export function nextPosition(
  [row, column]: readonly [number, number],
  [height, width]: readonly [number, number],
  step: 1 | -1,
): readonly [number, number] {
  const count = height * width;
  const place = (row * width + column + step + count) % count;
  return [Math.floor(place / width), place % width];
}

/** Format with a fixed number of decimals and a true minus sign. */
export function formatNumber(value: number, decimals = 3): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Format a number that is added: with its sign in front. */
export function formatTerm(value: number, decimals = 3): string {
  const text = formatNumber(value, decimals);
  return text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`;
}
