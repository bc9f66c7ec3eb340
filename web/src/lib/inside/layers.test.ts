import { describe, expect, it } from "vitest";
import { EXPLANATION } from "../../../tests/explanation";
import type { ExplainedLayer } from "../api/client";
import {
  channelOf,
  contributionsOf,
  formatUnit,
  inputOf,
  inputsOf,
  layerOf,
  parseUnit,
  placeOf,
  receptiveField,
  stagesOf,
  strongestUnit,
} from "./layers";
import { changeText, inputName, neighborsText, question, rejectionText, unitName } from "./words";

const LAYERS = EXPLANATION.layers as ExplainedLayer[];

describe("an explained network", () => {
  it("has a stage for each layer with weights; what changes nothing is not shown", () => {
    const types = stagesOf(LAYERS).map(({ layers }) => layers.map(({ type }) => type));
    expect(types).toEqual([["Conv2D", "MaxPool2D", "ReLU"], ["Dense"]]);
    expect(stagesOf([])).toEqual([]);
  });
  it("shows its input, if its first layer passes it on", () => {
    expect(inputOf(LAYERS)).toBe(LAYERS[0]?.activation);
    expect(inputOf(LAYERS.slice(1))).toBeUndefined();
    expect(inputOf(null)).toBeUndefined();
  });
  it("knows the shape of a dense layer's inputs before they were flattened", () => {
    expect(inputsOf(LAYERS, 5)).toEqual({ values: LAYERS[4]?.activation, shape: [13, 13, 2] });
    expect(inputsOf(LAYERS, 1)?.shape).toEqual([28, 28, 1]);
    const flatten = { ...(LAYERS[0] as ExplainedLayer), type: "Flatten", shape: [784] };
    expect(inputsOf([flatten], 1)?.shape).toEqual([28, 28, 1]);
    expect(inputsOf(LAYERS, 0)).toBeUndefined();
  });
  it("adds up the contributions of each map", () => {
    const layer = {
      ...(LAYERS[2] as ExplainedLayer),
      shape: [1, 2, 2],
      contribution: [1, 2, 3, 4],
    };
    expect([...(contributionsOf(layer) ?? [])]).toEqual([4, 6]);
  });
  it("opens a map at its largest value", () => {
    const layer = LAYERS[3] as ExplainedLayer;
    const unit = strongestUnit(layer, 1);
    const value = layer.activation[placeOf(layer.shape, unit) ?? 0];
    expect(value).toBeCloseTo(Math.max(...channelOf(layer.activation, 2, 1)), 5);
    expect(unit.index[2]).toBe(1);
    expect(strongestUnit(LAYERS[5] as ExplainedLayer, 4)).toEqual({ layer: 5, index: [4] });
  });
  it.each([
    [
      { layer: 1, index: [3, 4, 0] },
      { row: 3, column: 4, height: 3, width: 3 },
    ],
    [
      { layer: 3, index: [2, 0, 1] },
      { row: 4, column: 0, height: 4, width: 4 },
    ],
    [{ layer: 5, index: [1] }, null],
  ])("finds the pixels on which %j depends", (unit, field) => {
    expect(receptiveField(LAYERS, unit)).toEqual(field);
  });
});

describe("a unit in the address", () => {
  it.each(["2.3.4.0", "5.7", "0.1.2"])("%s is restored", (text) => {
    expect(formatUnit(parseUnit(text) ?? { layer: -1, index: [] })).toBe(text);
  });
  it.each([undefined, "", "5", "a.b", "1.2.3.4.5", "1.-2", "1.99999", "1.2 ", "1e3.2"])(
    "%s is none",
    (text) => {
      expect(parseUnit(text)).toBeNull();
    },
  );
  it("is looked up in the network that was explained", () => {
    expect(layerOf(EXPLANATION, { layer: 1, index: [25, 25, 1] })?.type).toBe("Conv2D");
    expect(layerOf(EXPLANATION, { layer: 1, index: [26, 0, 0] })).toBeUndefined();
    expect(layerOf(EXPLANATION, { layer: 5, index: [0, 0, 0] })).toBeUndefined();
    expect(layerOf(EXPLANATION, { layer: 9, index: [0] })).toBeUndefined();
    expect(layerOf(undefined, { layer: 1, index: [0, 0, 0] })).toBeUndefined();
  });
});

describe("in words", () => {
  it("names units and inputs, counting from 1", () => {
    expect(unitName({ shape: [26, 26, 2] }, { layer: 1, index: [3, 4, 0] })).toBe(
      "map 1, row 4, column 5",
    );
    expect(unitName({ shape: [10] }, { layer: 5, index: [7] })).toBe("unit 8");
    expect(unitName({ shape: [10] }, { layer: 5, index: [1] }, ["a", "b"])).toBe("class b");
    expect(inputName(29, [28, 28, 1])).toBe("pixel in row 2, column 2");
    expect(inputName(5, [2, 2, 3])).toBe("map 3, row 1, column 2");
    expect(inputName(5, [64])).toBe("unit 6");
  });
  it("asks why, or why not", () => {
    expect(question("7", "7")).toBe("Why a 7?");
    expect(question("8", "7")).toBe("Why not an 8?");
  });
  it("says what a change does", () => {
    const change = { found: true, goal: "9", reason: null, added: [[1, 2]], removed: [] };
    const prediction = { ...EXPLANATION.prediction, label: "9", confidence: 0.6 };
    expect(changeText({ ...change, prediction })).toBe(
      "With 1 pixel of ink added, the answer is 9, with 60.0%.",
    );
    const none = { ...change, found: false, reason: "None within 60 pixels.", prediction: null };
    expect(changeText(none)).toBe("None within 60 pixels.");
  });
  it("says how far a drawing is from being rejected", () => {
    const rejection = {
      score: -6.5,
      threshold: 0.5,
      penalty: 0,
      rejected: false,
      reason: null,
      margin: 7,
      change: null,
    };
    expect(rejectionText(rejection)).toContain("would have to be higher by 7.00");
    const rejected = { ...rejection, score: 2, margin: -1.5, rejected: true };
    expect(rejectionText(rejected)).toContain("would have to be lower by 1.50");
    const none = { ...rejection, score: null, threshold: null, margin: null };
    expect(rejectionText(none)).toContain("accepts every drawing");
    expect(rejectionText({ ...rejected, reason: "blank" })).toBe("The drawing is blank.");
  });
  it("counts the labels of the similar digits", () => {
    expect(neighborsText(["7", "7"])).toBe("All of the 2 nearest training digits are labeled 7.");
    expect(neighborsText(["7", "1", "7"])).toContain("2 are labeled 7, 1 labeled 1.");
    expect(neighborsText([])).toBe("None.");
  });
});
