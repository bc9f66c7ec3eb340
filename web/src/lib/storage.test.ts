// @vitest-environment happy-dom

import { afterEach, expect, it, vi } from "vitest";
import { forget, load, save } from "./storage";

const isNumber = (value: unknown): value is number => typeof value === "number";

afterEach(() => {
  vi.restoreAllMocks();
  window.localStorage.clear();
});

it("keeps, gives back and forgets", () => {
  expect(save("local", "width", 12)).toBe(true);
  expect(load("local", "width", isNumber)).toBe(12);
  forget("local", "width");
  expect(load("local", "width", isNumber)).toBeUndefined();
});

it("does not give what it cannot use", () => {
  save("local", "width", "broad");
  expect(load("local", "width", isNumber)).toBeUndefined();
  window.localStorage.setItem("inkdigits.width", "{");
  expect(load("local", "width", isNumber)).toBeUndefined();
});

it("does without a memory", () => {
  vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
    throw new DOMException("denied", "SecurityError");
  });
  expect(load("local", "width", isNumber)).toBeUndefined();
  expect(() => forget("local", "width")).not.toThrow();
});
