import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  MODELS as GOOD_MODELS,
  PREDICTION as GOOD_PREDICTION,
  SEEN as GOOD_SEEN,
} from "../../../tests/fixtures";
import { MODELS, PREDICTION, PROBLEM, SEEN } from "./responses";
import type { components } from "./schema";

type Schemas = components["schemas"];

// The compiler checks these, with `npm run lint` and `npm run build`.
it("has the types of the OpenAPI document", () => {
  expectTypeOf<v.InferOutput<typeof PREDICTION>>().toEqualTypeOf<Schemas["Prediction"]>();
  expectTypeOf<v.InferOutput<typeof MODELS>>().toEqualTypeOf<Schemas["Models"]>();
  expectTypeOf<v.InferOutput<typeof PROBLEM>>().toEqualTypeOf<Pick<Schemas["Problem"], "detail">>();
});

/** A value with fields replaced; undefined takes one out. */
function changed(value: object, fields: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify({ ...value, ...fields }));
}

const NOT_OBJECTS = [null, undefined, true, 7, "7", [], [null], {}, { hello: 1 }];

describe("a prediction", () => {
  it.each([
    GOOD_PREDICTION,
    { ...GOOD_PREDICTION, seen: GOOD_SEEN },
    { ...GOOD_PREDICTION, digit: null, reason: "not_a_digit" },
    { ...GOOD_PREDICTION, digit: null, reason: "blank" },
  ])("is accepted as the API gives it", (answer) => {
    expect(v.parse(PREDICTION, answer)).toEqual(answer);
  });

  it("may have fields that a later API adds: they are left out", () => {
    const answer = { ...GOOD_PREDICTION, more: [[[[]]]] };
    expect(v.parse(PREDICTION, answer)).toEqual(GOOD_PREDICTION);
  });

  it.each(NOT_OBJECTS)("is not %j", (answer) => {
    expect(v.is(PREDICTION, answer)).toBe(false);
  });

  it.each(Object.keys(GOOD_PREDICTION))("is not one without %s", (field) => {
    expect(v.is(PREDICTION, changed(GOOD_PREDICTION, { [field]: undefined }))).toBe(false);
  });

  it.each<[string, unknown]>([
    ["digit", 42],
    ["digit", -1],
    ["digit", 7.5],
    ["digit", "7"],
    ["reason", "because"],
    ["confidence", "0.93"],
    ["confidence", 1.5],
    ["confidence", -0.1],
    ["confidence", null],
    ["probabilities", null],
    ["probabilities", {}],
    ["probabilities", [0.2, 0.3, 0.5]],
    ["probabilities", Array(10_000).fill(1e-4)],
    ["probabilities", Array(10).fill(null)],
    ["probabilities", Array(10).fill("0.1")],
    ["probabilities", Array(10).fill(1)],
    ["probabilities", Array(10).fill(0)],
    ["probabilities", [1.5, -0.5, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["seen", 7],
    ["seen", {}],
    ["model", null],
    ["model", "m"],
    ["model", { name: {}, digest: "0" }],
    ["model", { name: "m".repeat(1000), digest: "0" }],
    ["duration_ms", "1"],
    ["duration_ms", -1],
    ["duration_ms", 1e300],
  ])("is not one whose %s is %j", (field, value) => {
    expect(v.is(PREDICTION, changed(GOOD_PREDICTION, { [field]: value }))).toBe(false);
  });

  it("does not hold a number beyond all bounds", () => {
    const answer = JSON.parse(
      JSON.stringify(GOOD_PREDICTION).replace(/"confidence":[^,]*/, '"confidence":1e999'),
    );
    expect(v.is(PREDICTION, answer)).toBe(false);
  });
});

describe("what the network saw", () => {
  it.each([
    "",
    "javascript:alert(1)",
    "https://elsewhere.example/seen.png",
    "//elsewhere.example/seen.png",
    "data:image/svg+xml;base64,PHN2Zy8+",
    "data:text/html;base64,PGI+",
    "data:image/png,raw",
    " data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAAA=",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAAA=\n",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAc<script>",
    // 30,000 by 30,000 pixels.
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAdTAAAHUwCAAAAAA=",
    GOOD_SEEN.replace("CAAA", "A".repeat(100_000)),
  ])("is not case %#", (seen) => {
    expect(v.is(SEEN, seen)).toBe(false);
  });
});

describe("the list of models", () => {
  const withModel = (fields: Record<string, unknown>) => ({
    ...GOOD_MODELS,
    models: [changed(GOOD_MODELS.models[0] as object, fields)],
  });

  it("is accepted as the API gives it", () => {
    expect(v.parse(MODELS, GOOD_MODELS)).toEqual(GOOD_MODELS);
  });

  it.each([
    ...NOT_OBJECTS,
    { ...GOOD_MODELS, default: null },
    { ...GOOD_MODELS, default: "another" },
    { default: "m", models: null },
    { default: "m", models: [] },
    { default: "m", models: [null] },
    { default: "m", models: { length: 1 } },
    { default: "m", models: [...GOOD_MODELS.models, ...GOOD_MODELS.models] },
  ])("is not %j", (answer) => {
    expect(v.is(MODELS, answer)).toBe(false);
  });

  it("is not one of very many", () => {
    const models = Array.from({ length: 101 }, (_, index) => ({
      ...GOOD_MODELS.models[0],
      name: index === 0 ? "m" : String(index),
    }));
    expect(v.is(MODELS, { default: "m", models })).toBe(false);
    expect(
      v.is(MODELS, { default: "m", models: models.slice(1).concat(models.slice(0, 1)).slice(1) }),
    ).toBe(true);
  });

  it.each(Object.keys(GOOD_MODELS.models[0] as object))("is not one without %s", (field) => {
    expect(v.is(MODELS, withModel({ [field]: undefined }))).toBe(false);
  });

  it.each<[string, unknown]>([
    ["metrics", null],
    ["training", null],
    ["training", "AdamW"],
    ["parameters", "84027"],
    ["parameters", -1],
    ["parameters", 0.5],
    ["parameters", 1e300],
    ["size_bytes", null],
    ["refuses", "no"],
    ["summary", "s".repeat(100_000)],
    ["clean_up", 7],
    ["name", ""],
  ])("is not one with a model whose %s is wrong (case %#)", (field, value) => {
    expect(v.is(MODELS, withModel({ [field]: value }))).toBe(false);
  });

  it("may record anything of a training, however deep", () => {
    const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    const answer = { ...GOOD_MODELS, models: [{ ...GOOD_MODELS.models[0], training: { deep } }] };
    expect(v.is(MODELS, answer)).toBe(true);
  });
});

describe("a problem", () => {
  it("keeps its sentence, and cuts one without end", () => {
    expect(v.parse(PROBLEM, { detail: "Too large.", status: 413 })).toEqual({
      detail: "Too large.",
    });
    const { detail } = v.parse(PROBLEM, { detail: "x".repeat(10_000) });
    expect(detail).toHaveLength(200);
    expect(detail).toMatch(/…$/);
  });
  it.each([...NOT_OBJECTS, { detail: null }, { detail: ["why"] }, { detail: {} }])(
    "is not %j",
    (body) => {
      expect(v.is(PROBLEM, body)).toBe(false);
    },
  );
});
