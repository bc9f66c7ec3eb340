import { describe, expect, it } from "vitest";
import { ariaKeys, commandOf, keyLabels, SHORTCUTS, shortcutOf } from "./shortcuts";

const press = (key: string, rest = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...rest,
});

describe("commandOf", () => {
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
    expect(commandOf(press(key, rest))).toBe(command);
  });
  it("obeys only keys with Control if single keys are off", () => {
    expect(commandOf(press("p"), false)).toBeUndefined();
    expect(commandOf(press("z", { ctrlKey: true }), false)).toBe("undo");
  });
});

it("has no two shortcuts of the same keys", () => {
  const keys = SHORTCUTS.map((shortcut) => keyLabels(shortcut).join("+"));
  expect(new Set(keys).size).toBe(keys.length);
});

it("shows and announces keys", () => {
  expect(keyLabels(shortcutOf("undo"))).toEqual(["Ctrl", "Z"]);
  expect(ariaKeys("redo")).toBe("Control+Y");
  expect(ariaKeys("clear")).toBe("Delete");
});
