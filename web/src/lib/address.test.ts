import { describe, expect, it } from "vitest";
import {
  type Address,
  addressProblem,
  formatAddress,
  HOME,
  MAX_FRAGMENT_LENGTH,
  parseAddress,
  VIEWS,
} from "./address";

describe("addresses", () => {
  it.each(VIEWS)("of %s are parsed as they were formatted", (view) => {
    const parameters = { unit: "2.3.4.0", pattern: "4??? ?", text: "a=b&c#d/ü+%" };
    for (const address of [
      { view, parameters: {} },
      { view, parameters },
    ] satisfies Address[]) {
      expect(parseAddress(formatAddress(address))).toEqual(address);
      expect(addressProblem(formatAddress(address))).toBeNull();
    }
  });
  it("begin with #/, so that fragments of elements are not addresses", () => {
    expect(formatAddress({ view: "inside", parameters: { target: "7" } })).toBe(
      "#/inside?target=7",
    );
    expect(parseAddress("")).toEqual(HOME);
    expect(parseAddress("#/")).toEqual(HOME);
    expect(parseAddress("#drawing")).toBeNull();
    expect(addressProblem("#drawing")).toBeNull();
  });
  it.each([
    "#/nothing",
    "#/inside/more",
    "#/__proto__",
    "#/Inside?target=7",
    `#/inside?a=${"b".repeat(MAX_FRAGMENT_LENGTH)}`,
  ])("that are not valid have a problem, and lead to Draw: %.30s", (fragment) => {
    expect(addressProblem(fragment)).toMatch(/^This link .*\.$/);
    expect(parseAddress(fragment)).toEqual(HOME);
  });
  it("take parameters as they come", () => {
    const address = parseAddress("#/inside?__proto__=x&a=%E0%A4%A&b&c=1&c=2");
    expect(Object.keys(address?.parameters ?? {})).toEqual(["__proto__", "a", "b", "c"]);
    expect(Object.getPrototypeOf(address?.parameters)).toBe(Object.prototype);
  });
});
