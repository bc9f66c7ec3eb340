import type * as v from "valibot";
import { expectTypeOf, it } from "vitest";
import type { components } from "../api/schema";
import type { ConfusionSchema, DigitsSchema, LabSchema, RunsSchema } from "./schemas";

type Schemas = components["schemas"];

it("accepts what the OpenAPI document says; otherwise, this does not compile", () => {
  expectTypeOf<Schemas["LabRuns"]>().toExtend<v.InferInput<typeof RunsSchema>>();
  expectTypeOf<Schemas["LabConfusion"]>().toExtend<v.InferInput<typeof ConfusionSchema>>();
  expectTypeOf<Schemas["LabDigits"]>().toExtend<v.InferInput<typeof DigitsSchema>>();
  expectTypeOf<Schemas["Lab"]>().toExtend<Omit<v.InferInput<typeof LabSchema>, "limits">>();
});
