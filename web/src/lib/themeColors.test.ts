import { expect, it } from "vitest";
import { parseColor } from "./themeColors";

it.each([
  ["rgb(20, 35, 63)", [20, 35, 63]],
  ["rgba(20, 35, 63, 0.5)", [20, 35, 63]],
  ["color(srgb 1 0.5 0)", [255, 127.5, 0]],
])("parses %s", (text, color) => {
  expect(parseColor(text)).toEqual(color);
});
