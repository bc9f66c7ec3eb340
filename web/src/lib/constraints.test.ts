import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  fieldOf,
  NO_CONSTRAINTS,
  parseChoices,
  summarize,
  TypedConstraintsSchema,
  toRequest,
} from "./constraints";

const typed = (fields: Partial<typeof NO_CONSTRAINTS>) => ({ ...NO_CONSTRAINTS, ...fields });

it("sends what is typed, and null for an empty field", () => {
  expect(toRequest(NO_CONSTRAINTS)).toEqual({
    length: null,
    pattern: null,
    choices: null,
    checksum: null,
  });
  expect(
    toRequest(typed({ length: "8", pattern: " 20\\d+ ", choices: "1\n2", checksum: "luhn" })),
  ).toEqual({ length: 8, pattern: "20\\d+", choices: ["1", "2"], checksum: "luhn" });
});

it("reads pasted choices of lines or cells", () => {
  expect(parseChoices("12\r\n 34\n\n56,78;\t90 ")).toEqual(["12", "34", "56", "78", "90"]);
});

describe("the field of a constraint that is not valid", () => {
  const all = typed({ length: "40", pattern: "[", choices: "x", checksum: "ean" });
  it.each([
    ['The field "length" should be less than or equal to 20.', "length"],
    ["The pattern '[' is not valid at character 1: write [1-6].", "pattern"],
    ["The field \"choices[3]\" should match pattern '^[0-9]+$'.", "choices"],
    ["None of the choices satisfies the other constraints.", "choices"],
    ["The checksum 'x' is not one of luhn, ean.", "checksum"],
    ["Something else.", null],
  ])("%s", (detail, field) => {
    expect(fieldOf(detail, all)).toBe(field);
  });
  it("is one that is filled in", () => {
    expect(fieldOf("The length of the pattern is 0.", typed({ pattern: "0" }))).toBe("pattern");
    expect(fieldOf("The length is missing.", NO_CONSTRAINTS)).toBeNull();
  });
});

it.each([
  [{}, ""],
  [{ length: "1" }, "1 digit"],
  [{ length: "8", choices: "1\n2", checksum: "luhn" }, "8 digits · 2 choices · Luhn"],
  [{ pattern: "20\\d\\d", choices: "1" }, "20\\d\\d · 1 choice"],
])("summarizes %j as %j", (fields, summary) => {
  expect(summarize(typed(fields))).toBe(summary);
});

it.each([null, {}, { ...NO_CONSTRAINTS, checksum: "x" }, { ...NO_CONSTRAINTS, length: 8 }])(
  "does not restore %j",
  (stored) => {
    expect(v.is(TypedConstraintsSchema, stored)).toBe(false);
  },
);
