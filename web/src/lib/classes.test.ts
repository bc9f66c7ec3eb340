import { describe, expect, it } from "vitest";
import {
  CLOTHES,
  CLOTHES_MODEL,
  CLOTHES_PREDICTION,
  MODEL,
  PREDICTION,
} from "../../tests/fixtures";
import {
  areDigits,
  classesOf,
  classesOfPrediction,
  DIGITS,
  listClasses,
  shownRows,
} from "./classes";

const MODELS = [MODEL, CLOTHES_MODEL];

it("the classes of a model do not include the one for non-digits", () => {
  expect(classesOf(MODEL)).toEqual(DIGITS);
  expect(classesOf(CLOTHES_MODEL)).toEqual(CLOTHES);
});

it.each([
  [DIGITS, true],
  [CLOTHES, false],
  [DIGITS.slice(0, 9), false],
  [DIGITS.toReversed(), false],
])("tells whether the classes are the digits: %j", (classes, expected) => {
  expect(areDigits(classes)).toBe(expected);
});

describe("the classes of a prediction", () => {
  it("are those of its model", () => {
    expect(classesOfPrediction(CLOTHES_PREDICTION, MODELS)).toEqual(CLOTHES);
    expect(classesOfPrediction(PREDICTION, MODELS)).toEqual(DIGITS);
  });
  it("are the digits if it is one, also without a list of models", () => {
    expect(classesOfPrediction(PREDICTION, [])).toEqual(DIGITS);
    expect(classesOfPrediction({ ...PREDICTION, digit: null, label: null }, [])).toEqual(DIGITS);
  });
  it("are numbered if the list of models is missing or outdated, except for the answer", () => {
    for (const models of [[], [{ ...CLOTHES_MODEL, class_names: ["a", "b"] }]]) {
      const names = classesOfPrediction(CLOTHES_PREDICTION, models);
      expect(names).toHaveLength(CLOTHES.length);
      expect([names[0], names[4]]).toEqual(["Class 1", "Coat"]);
    }
  });
});

describe("the rows of the bar chart", () => {
  const many = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));
  it("are the classes in their order if there are at most ten", () => {
    const rows = shownRows(CLOTHES, CLOTHES_PREDICTION.probabilities);
    expect(rows.map(({ name }) => name)).toEqual(CLOTHES);
    expect(rows[4]).toEqual({ index: 4, name: "Coat", probability: 0.8 });
  });
  it("are the ten most likely of more classes, most likely first, and equal ones in order", () => {
    const probabilities = many.map((name) => (name === "Q" ? 0.6 : name === "C" ? 0.4 : 0));
    const rows = shownRows(many, probabilities);
    expect(rows.map(({ name }) => name).join("")).toBe("QCABDEFGHI");
    expect(rows[0]).toEqual({ index: 16, name: "Q", probability: 0.6 });
  });
  it("have no probabilities without a prediction", () => {
    expect(shownRows(many, undefined)).toHaveLength(10);
    expect(shownRows(CLOTHES, undefined).every((row) => row.probability === undefined)).toBe(true);
  });
});

it.each([
  [["A", "B"], "A or B"],
  [["A", "B", "C"], "A, B or C"],
  [
    Array(1000).fill("name"),
    "name, name, name, name, name, name, name, name, name, name and 990 more",
  ],
  [["n".repeat(64), "A"], `${"n".repeat(64)} and 1 more`],
])("lists classes in a sentence (case %#)", (classes, text) => {
  expect(listClasses(classes)).toBe(text);
});
