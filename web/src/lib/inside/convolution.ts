/** The sum of one unit of a convolution, as the page shows it. */

import { roundToSum, termsOf } from "./formula";
import { channelOf } from "./layers";
import { countOf } from "./words";

interface Unit {
  /** The window in the input map whose products are shown one by one. */
  readonly patch: Float32Array;
  /** The kernel of all input maps, in C order, the map changing fastest. */
  readonly weights: readonly number[];
  /** Sum of the products with each input map. */
  readonly sums: readonly number[];
  /** The input map of the window. */
  readonly input: number;
  readonly bias: number;
  readonly result: number;
}

/** Input maps that are listed by name; the others are summed up. */
const LISTED = 5;

/** The kernel and the products of one input map, and the lines that add up to the result.
 *
 * All numbers are rounded, such that the products add up to the line of their map, and the lines to
 * the result.
 */
export function convolutionSum({ patch, weights, sums, input, bias, result }: Unit) {
  const kernel = channelOf(weights, sums.length, input);
  const listed = sums
    .map((sum, at) => ({ sum, at }))
    .toSorted((a, b) => Math.abs(b.sum) - Math.abs(a.sum))
    .slice(0, LISTED)
    .map(({ at }) => at);
  if (!listed.includes(input)) listed[listed.length - 1] = input;
  const rest = sums.reduce((sum, value, at) => (listed.includes(at) ? sum : sum + value), 0);
  const restCount = sums.length - listed.length;
  const lines = [
    ...listed.map((at) => ({
      name: nameOf(at, sums.length, patch.length, input),
      value: sums[at] ?? 0,
    })),
    ...(restCount > 0 ? [{ name: countOf(restCount, "other input map"), value: rest }] : []),
    { name: "Bias", value: bias },
  ];
  const rounded = roundToSum(
    lines.map(({ value }) => value),
    result,
  );
  const products = termsOf(patch, kernel).map(({ product }) => product);
  return {
    kernel: [...kernel],
    products: roundToSum(products, rounded[listed.indexOf(input)] ?? 0),
    rows: lines.map(({ name }, line) => ({ name, value: rounded[line] ?? 0 })),
  };
}

function nameOf(map: number, maps: number, products: number, shown: number): string {
  if (maps === 1) return `Sum of the ${products} products`;
  return `Input map ${map + 1}${map === shown ? ", shown above" : ""}`;
}
