// @vitest-environment happy-dom

import * as v from "valibot";
import { afterEach, expect, it, vi } from "vitest";
import { load, onStoredElsewhere, remove, save } from "./storage";

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
  expect(save("local", "width", 12)).toBe(false);
  expect(() => remove("local", "width")).not.toThrow();
});

it("reports the changes of other tabs to a value, until it is told to stop", () => {
  const onChange = vi.fn();
  const stop = onStoredElsewhere("local", "width", onChange);
  const change = (key: string | null, storageArea: Storage) =>
    window.dispatchEvent(new StorageEvent("storage", { key, storageArea }));
  change("inkdigits.height", window.localStorage);
  change("inkdigits.width", window.sessionStorage);
  expect(onChange).not.toHaveBeenCalled();
  change("inkdigits.width", window.localStorage);
  change(null, window.localStorage);
  expect(onChange).toHaveBeenCalledTimes(2);
  stop();
  change("inkdigits.width", window.localStorage);
  expect(onChange).toHaveBeenCalledTimes(2);
});
