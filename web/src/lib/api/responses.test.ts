import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { EXPLANATION, explainedUnit } from "../../../tests/explanation";
import {
  CLOTHES_PREDICTION,
  MODEL,
  MODELS,
  NUMBER,
  PREDICTION,
  SEEN,
} from "../../../tests/fixtures";
import { ExplanationSchema } from "./explanationResponse";
import {
  ModelsSchema,
  NumberSchema,
  PredictionSchema,
  ProblemSchema,
  SeenSchema,
} from "./responses";
import type { components } from "./schema";

type Schemas = components["schemas"];

// Checked by the compiler, in `npm run lint` and `npm run build`.
it("has the types of the OpenAPI document", () => {
  expectTypeOf<v.InferOutput<typeof PredictionSchema>>().toEqualTypeOf<Schemas["Prediction"]>();
  expectTypeOf<v.InferOutput<typeof NumberSchema>>().toEqualTypeOf<Schemas["Number"]>();
  expectTypeOf<v.InferOutput<typeof ExplanationSchema>>().toEqualTypeOf<Schemas["Explanation"]>();
  expectTypeOf<v.InferOutput<typeof ModelsSchema>>().toEqualTypeOf<Schemas["Models"]>();
  expectTypeOf<v.InferOutput<typeof ProblemSchema>>().toEqualTypeOf<
    Pick<Schemas["LabProblem"], "detail" | "field">
  >();
});

/** Copy a value with fields replaced, or removed if undefined. */
function withFields(value: object, fields: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify({ ...value, ...fields }));
}

const NOT_OBJECTS = [null, undefined, true, 7, "7", [], [null], {}, { hello: 1 }];

describe("a prediction", () => {
  it.each([
    PREDICTION,
    { ...PREDICTION, seen: SEEN },
    { ...PREDICTION, digit: null, label: null, reason: "not_a_digit" },
    { ...PREDICTION, digit: null, label: null, reason: "blank" },
    CLOTHES_PREDICTION,
    { ...CLOTHES_PREDICTION, probabilities: Array(1000).fill(0.001) },
  ])("is accepted as the API returns it", (response) => {
    expect(v.parse(PredictionSchema, response)).toEqual(response);
  });

  it("may have fields that a later API adds; they are dropped", () => {
    const response = { ...PREDICTION, more: [[[[]]]] };
    expect(v.parse(PredictionSchema, response)).toEqual(PREDICTION);
  });

  it.each(NOT_OBJECTS)("is not %j", (response) => {
    expect(v.is(PredictionSchema, response)).toBe(false);
  });

  it("may have no label, as from an older API: then the label is the digit", () => {
    const { label: _, ...answered } = PREDICTION;
    expect(v.parse(PredictionSchema, answered)).toEqual(PREDICTION);
    const rejected = { ...answered, digit: null, reason: "not_a_digit" };
    expect(v.parse(PredictionSchema, rejected)).toEqual({ ...rejected, label: null });
  });

  it("may not say whether it may be a number, nor by whose model, as from an older API", () => {
    const { may_be_number: _, profile: __, ...older } = PREDICTION;
    expect(v.parse(PredictionSchema, older)).toEqual(PREDICTION);
  });

  it.each(
    Object.keys(PREDICTION).filter((field) => !/^(label|may_be_number|profile)$/.test(field)),
  )("is rejected without %s", (field) => {
    expect(v.is(PredictionSchema, withFields(PREDICTION, { [field]: undefined }))).toBe(false);
  });

  it.each<[string, unknown]>([
    ["digit", 42],
    ["digit", -1],
    ["digit", 7.5],
    ["digit", "7"],
    ["label", ""],
    ["label", 7],
    ["label", "8"],
    ["label", "l".repeat(1000)],
    ["reason", "because"],
    ["confidence", "0.93"],
    ["confidence", 1.5],
    ["confidence", -0.1],
    ["confidence", null],
    ["probabilities", null],
    ["probabilities", {}],
    ["probabilities", [0.2, 0.3, 0.5]],
    ["probabilities", [1]],
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
  ])("is rejected if %s is %j", (field, value) => {
    expect(v.is(PredictionSchema, withFields(PREDICTION, { [field]: value }))).toBe(false);
  });

  it("is rejected if a number is infinite", () => {
    const response = JSON.parse(
      JSON.stringify(PREDICTION).replace(/"confidence":[^,]*/, '"confidence":1e999'),
    );
    expect(v.is(PredictionSchema, response)).toBe(false);
  });
});

describe("a number", () => {
  const [digit] = NUMBER.digits;
  it.each([
    NUMBER,
    { ...NUMBER, text: null, reason: "not_a_number" },
    { ...NUMBER, text: null, reason: "blank", digits: [], separators: [], candidates: [] },
    { ...NUMBER, digits: [{ ...digit, box: null }] },
  ])("is accepted as the API returns it", (response) => {
    expect(v.parse(NumberSchema, response)).toEqual(response);
  });

  it.each([...NOT_OBJECTS, PREDICTION])("is not %j", (response) => {
    expect(v.is(NumberSchema, response)).toBe(false);
  });

  it.each(Object.keys(NUMBER).filter((field) => field !== "profile"))(
    "is rejected without %s",
    (field) => {
      expect(v.is(NumberSchema, withFields(NUMBER, { [field]: undefined }))).toBe(false);
    },
  );

  it.each<Record<string, unknown>>([
    { text: "12x" },
    { text: 351 },
    { confidence: 1.1 },
    { digits: Array(101).fill(digit) },
    { digits: [{ ...digit, digit: 10 }] },
    { digits: [{ ...digit, box: [1, 2, 3] }] },
    { digits: [{ ...digit, box: [1, 2, 3, 1e9] }] },
    { digits: [{ ...digit, probabilities: [1] }] },
    { separators: [{ symbol: "<", box: [0, 0, 1, 1], position: 0 }] },
    { candidates: [{ text: "<b>", probability: 1 }] },
  ])("is rejected with %j", (fields) => {
    expect(v.is(NumberSchema, withFields(NUMBER, fields))).toBe(false);
  });
});

describe("the network's input", () => {
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
    SEEN.replace("CAAA", "A".repeat(100_000)),
  ])("is rejected in case %#", (seen) => {
    expect(v.is(SeenSchema, seen)).toBe(false);
  });
});

describe("the list of models", () => {
  const withModel = (fields: Record<string, unknown>) => ({
    ...MODELS,
    models: [withFields(MODEL, fields)],
  });

  it("is accepted as the API returns it", () => {
    expect(v.parse(ModelsSchema, MODELS)).toEqual(MODELS);
  });

  it.each([
    ...NOT_OBJECTS,
    { ...MODELS, default: null },
    { ...MODELS, default: "another" },
    { default: "m", models: null },
    { default: "m", models: [] },
    { default: "m", models: [null] },
    { default: "m", models: { length: 1 } },
    { default: "m", models: [...MODELS.models, ...MODELS.models] },
  ])("is not %j", (response) => {
    expect(v.is(ModelsSchema, response)).toBe(false);
  });

  it("is limited in length", () => {
    const models = Array.from({ length: 101 }, (_, index) => ({
      ...MODEL,
      name: index === 0 ? "m" : String(index),
    }));
    expect(v.is(ModelsSchema, { default: "m", models })).toBe(false);
    expect(
      v.is(ModelsSchema, {
        default: "m",
        models: models.slice(1).concat(models.slice(0, 1)).slice(1),
      }),
    ).toBe(true);
  });

  it.each(Object.keys(MODEL))("is rejected without %s", (field) => {
    expect(v.is(ModelsSchema, withModel({ [field]: undefined }))).toBe(false);
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
    ["rejects_non_digits", "no"],
    ["summary", "s".repeat(100_000)],
    ["preprocessing", "ink"],
    ["preprocessing", { name: "ink" }],
    ["input_shape", 28],
    ["input_shape", ["28", "28"]],
    ["class_names", "0123456789"],
    ["class_names", Array(10_000).fill("0")],
    ["layers", null],
    ["layers", "(Flatten(), Dense(outputs=10))"],
    ["layers", [null]],
    ["layers", Array(10_000).fill(MODEL.layers[0])],
    ["layers", [{ ...MODEL.layers[0], type: "a".repeat(100_000) }]],
    ["layers", [{ ...MODEL.layers[0], type: undefined }]],
    ["layers", [{ ...MODEL.layers[0], output_shape: [1e300] }]],
    ["layers", [{ ...MODEL.layers[0], output_shape: [-1] }]],
    ["layers", [{ ...MODEL.layers[0], output_shape: Array(1000).fill(1) }]],
    ["layers", [{ ...MODEL.layers[0], parameters: 0.5 }]],
    ["layers", [{ ...MODEL.layers[0], options: null }]],
    ["name", ""],
  ])("is rejected if %s of a model is wrong (case %#)", (field, value) => {
    expect(v.is(ModelsSchema, withModel({ [field]: value }))).toBe(false);
  });

  it("may contain any training record, however deep", () => {
    const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    const response = { ...MODELS, models: [{ ...MODEL, training: { deep } }] };
    expect(v.is(ModelsSchema, response)).toBe(true);
  });
});

describe("a problem", () => {
  it("keeps its detail, and shortens a long one", () => {
    const detail = "Too large.";
    for (const field of [undefined, 1]) {
      const problem = v.parse(ProblemSchema, { detail, status: 413, field });
      expect(problem).toEqual({ detail, field: null });
    }
    expect(v.parse(ProblemSchema, { detail, field: "seed" }).field).toBe("seed");
    const long = v.parse(ProblemSchema, { detail: "x".repeat(10_000) });
    expect(long.detail).toHaveLength(200);
    expect(long.detail).toMatch(/…$/);
  });
  it.each([...NOT_OBJECTS, { detail: null }, { detail: ["why"] }, { detail: {} }])(
    "is not %j",
    (body) => {
      expect(v.is(ProblemSchema, body)).toBe(false);
    },
  );
});

describe("an explanation", () => {
  const layer = EXPLANATION.layers?.[5];
  const withLayer = (fields: Record<string, unknown>) =>
    withFields(EXPLANATION, { layers: [withFields({ ...layer, index: 0 }, fields)] });

  it("is accepted as the API returns it", () => {
    expect(v.parse(ExplanationSchema, EXPLANATION)).toEqual(EXPLANATION);
    const unit = explainedUnit(5, [7]);
    expect(v.parse(ExplanationSchema, { ...EXPLANATION, unit }).unit).toEqual(unit);
    expect(v.is(ExplanationSchema, withLayer({}))).toBe(true);
  });

  it.each(NOT_OBJECTS)("is not %j", (response) => {
    expect(v.is(ExplanationSchema, response)).toBe(false);
  });

  it.each([
    ["a layer with another number than its place", withLayer({ index: 1 })],
    ["fewer values than its shape says", withLayer({ shape: [11] })],
    ["fewer contributions than values", withLayer({ contribution: [1] })],
    ["values that are not numbers", withLayer({ activation: Array(10).fill("1") })],
    ["a saliency map of another size", withFields(EXPLANATION, { saliency: [1, 2, 3] })],
    ["not finite", withFields(EXPLANATION, { logits: [null, 1] })],
    [
      "a picture that is not one",
      withFields(EXPLANATION, {
        steps: [{ name: "ink", title: "Ink", picture: "https://example.org/a.png" }],
      }),
    ],
  ])("cannot have %s", (_, response) => {
    expect(v.is(ExplanationSchema, response)).toBe(false);
  });
});
