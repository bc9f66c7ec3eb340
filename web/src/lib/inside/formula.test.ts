import { describe, expect, it } from "vitest";
import { EXPLANATION, explainedUnit } from "../../../tests/explanation";
import { convolutionSum } from "./convolution";
import {
  channelSums,
  formatNumber,
  formatTerm,
  largestTerms,
  nextPosition,
  roundToSum,
  termsOf,
  windowOf,
  windowSize,
} from "./formula";

const add = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("roundToSum", () => {
  it.each([
    [[0.3334, 0.3333, 0.3333], 1],
    [[0.0004, 0.0004, 0.0004, 0.0004], 0.0016],
    [[-1.2345, 2.3456, 0.0005], 1.1116],
    [[5], 5],
    [[1.0004, -1.0004], 0.001],
  ])("makes %j add up to %f", (terms, total) => {
    const rounded = roundToSum(terms, total);
    expect(add(rounded)).toBeCloseTo(Math.round(1000 * total) / 1000, 9);
    rounded.forEach((value, place) => {
      expect(Math.abs(value - (terms[place] ?? 0))).toBeLessThan(0.0031);
      expect(value * 1000).toBeCloseTo(Math.round(value * 1000), 6);
    });
  });
  it("changes those first that are nearest to the next number", () => {
    expect(roundToSum([0.0004, 0.0001], 0.001)).toEqual([0.001, 0]);
    expect(roundToSum([0.0009, 0.0006], 0.001)).toEqual([0.001, 0]);
  });
  it("does not hide that terms are not those of the sum", () => {
    expect(roundToSum([1, 2], 3.5)).toEqual([1, 2]);
  });
  it("returns nothing for nothing", () => {
    expect(roundToSum([], 0)).toEqual([]);
  });
});

describe("a weighted sum", () => {
  it("lists the largest products, and sums the others", () => {
    const terms = termsOf([1, 2, 0, 4], [0.5, -3, 9, 0.25]);
    const { shown, rest, restCount } = largestTerms(terms, 2);
    expect(shown.map(({ place, product }) => [place, product])).toEqual([
      [1, -6],
      [3, 1],
    ]);
    expect([rest, restCount]).toEqual([0.5, 2]);
  });
  it("does not list products of zero", () => {
    const { shown, restCount } = largestTerms(termsOf([0, 1], [5, 2]), 2);
    expect([shown.length, restCount]).toEqual([1, 1]);
  });
  it("is summed for each channel", () => {
    expect(channelSums(termsOf([1, 2, 3, 4], [1, 1, 1, 1]), 2)).toEqual([4, 6]);
  });
});

describe("a convolution", () => {
  const [input, layer] = EXPLANATION.layers ?? [];
  it.each([
    [0, 0, 0],
    [3, 17, 1],
    [25, 25, 0],
  ])("is the network's own value at row %i, column %i of map %i", (row, column, filter) => {
    const unit = explainedUnit(1, [row, column, filter]);
    const patch = windowOf(input?.activation ?? [], [28, 28, 1], [row, column], 3);
    const result = layer?.activation[(row * 26 + column) * 2 + filter] ?? 0;
    const sums = channelSums(termsOf(patch, unit.weights ?? []), 1);
    expect(add(sums) + unit.bias).toBeCloseTo(result, 9);
    const { products, rows } = convolutionSum({
      patch: Float32Array.from(patch),
      weights: unit.weights ?? [],
      sums,
      input: 0,
      bias: unit.bias,
      result,
    });
    expect(rows.map(({ name }) => name)).toEqual(["Sum of the 9 products", "Bias"]);
    expect(add(products)).toBeCloseTo(rows[0]?.value ?? 0, 9);
    expect(add(rows.map(({ value }) => value))).toBeCloseTo(Math.round(result * 1000) / 1000, 9);
  });
  it("lists the strongest input maps and the chosen one", () => {
    const sums = [0.1, 5, -4, 3, -2, 1.5, 0.2];
    const sum = (input: number) =>
      convolutionSum({
        patch: Float32Array.from([1]),
        weights: sums,
        sums,
        input,
        bias: 1,
        result: add(sums) + 1,
      });
    expect(sum(1).rows.map(({ name }) => name)).toEqual([
      "Input map 2, shown above",
      "Input map 3",
      "Input map 4",
      "Input map 5",
      "Input map 6",
      "2 other input maps",
      "Bias",
    ]);
    expect(sum(0).rows[4]).toEqual({ name: "Input map 1, shown above", value: 0.1 });
    expect(add(sum(0).rows.map(({ value }) => value))).toBeCloseTo(add(sums) + 1, 9);
  });
});

it.each([
  ["Conv2D", [28, 28, 1], [26, 26, 2], { side: 3, stride: 1 }],
  ["MaxPool2D", [7, 7, 68], [3, 3, 68], { side: 2, stride: 2 }],
])("%s has a window of the right size", (type, input, output, size) => {
  expect(windowSize(type, input, output)).toEqual(size);
});

it("slides row by row, and from the end to the start", () => {
  expect(nextPosition([0, 1], [2, 2], 1)).toEqual([1, 0]);
  expect(nextPosition([1, 1], [2, 2], 1)).toEqual([0, 0]);
  expect(nextPosition([0, 0], [2, 2], -1)).toEqual([1, 1]);
});

it("formats numbers with a minus sign, and never a negative zero", () => {
  expect([formatNumber(-1.5, 2), formatNumber(-0.0001)]).toEqual(["−1.50", "0.000"]);
  expect([formatTerm(-1.5, 1), formatTerm(0.25, 1)]).toEqual(["− 1.5", "+ 0.3"]);
});
