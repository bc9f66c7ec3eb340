import { describe, expect, it } from "vitest";
import { ariaKeyShortcuts, commandFor, keyLabels, SHORTCUTS, shortcutFor } from "./shortcuts";

const press = (key: string, rest = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...rest,
});

describe("commandFor", () => {
  it.each([
    ["p", {}, "pen"],
    ["P", { shiftKey: true }, undefined],
    ["e", {}, "eraser"],
    ["z", { ctrlKey: true }, "undo"],
    ["z", { metaKey: true }, "undo"],
    ["Z", { ctrlKey: true, shiftKey: true }, "redo"],
    ["y", { ctrlKey: true }, "redo"],
    ["Enter", { ctrlKey: true }, "predict"],
    ["Enter", {}, undefined],
    ["?", { shiftKey: true }, "help"],
    ["]", {}, "thicker"],
    ["]", { altKey: true, ctrlKey: true }, undefined],
    ["p", { ctrlKey: true }, undefined],
  ])("%s with %j is %s", (key, rest, command) => {
    expect(commandFor(press(key, rest))).toBe(command);
  });
  it("ignores single keys if they are turned off", () => {
    expect(commandFor(press("p"), false)).toBeUndefined();
    expect(commandFor(press("z", { ctrlKey: true }), false)).toBe("undo");
  });
});

it("has no duplicate shortcuts", () => {
  const keys = SHORTCUTS.map((shortcut) => keyLabels(shortcut).join("+"));
  expect(new Set(keys).size).toBe(keys.length);
});

it("labels the keys for the page and for screen readers", () => {
  expect(keyLabels(shortcutFor("undo"))).toEqual(["Ctrl", "Z"]);
  expect(ariaKeyShortcuts("redo")).toBe("Control+Y");
  expect(ariaKeyShortcuts("clear")).toBe("Delete");
});
