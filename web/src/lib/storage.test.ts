// @vitest-environment happy-dom

import * as v from "valibot";
import { afterEach, expect, it, vi } from "vitest";
import { load, remove, save } from "./storage";

const NUMBER = v.number();

afterEach(() => {
  vi.restoreAllMocks();
  window.localStorage.clear();
});

it("saves, loads and removes", () => {
  expect(save("local", "width", 12)).toBe(true);
  expect(load("local", "width", NUMBER)).toBe(12);
  remove("local", "width");
  expect(load("local", "width", NUMBER)).toBeUndefined();
});

it("does not load invalid values", () => {
  save("local", "width", "broad");
  expect(load("local", "width", NUMBER)).toBeUndefined();
  window.localStorage.setItem("inkdigits.width", "{");
  expect(load("local", "width", NUMBER)).toBeUndefined();
});

it("works without storage", () => {
  vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
    throw new DOMException("denied", "SecurityError");
  });
  expect(load("local", "width", NUMBER)).toBeUndefined();
  expect(() => remove("local", "width")).not.toThrow();
});
