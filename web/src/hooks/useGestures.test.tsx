// @vitest-environment happy-dom

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { useGestures } from "./useGestures";

let calls: string[];

function Surface() {
  const { handlers, cursor } = useGestures(
    {
      start: () => calls.push("start"),
      move: () => calls.push("move"),
      end: () => calls.push("end"),
      cancel: () => calls.push("cancel"),
      announce: () => undefined,
    },
    280,
    0,
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the drawing area has focus too
    <div role="application" tabIndex={0} data-down={cursor.down} {...handlers} />
  );
}

beforeEach(() => {
  calls = [];
  render(
    <StrictMode>
      <Surface />
    </StrictMode>,
  );
  surface().setPointerCapture = () => undefined;
});
afterEach(cleanup);

const surface = () => screen.getByRole("application");
const press = async (key: string) => act(async () => fireEvent.keyDown(surface(), { key }));
const pointer = { pointerId: 1, pointerType: "mouse", button: 0 };

it("starts, moves and ends with the keyboard", async () => {
  for (const key of [" ", "ArrowDown", " "]) await press(key);
  expect(calls).toEqual(["start", "move", "end"]);
});

it.each(["Escape", "Enter", "blur"])("ends exactly once on %s", async (cause) => {
  await press(" ");
  if (cause === "blur") await act(async () => fireEvent.blur(surface()));
  else await press(cause);
  expect(calls).toEqual(["start", "end"]);
  expect(surface().dataset.down).toBe("false");
});

it("ends the keyboard's stroke before a pointer starts another", async () => {
  await press(" ");
  await act(async () => fireEvent.pointerDown(surface(), pointer));
  await act(async () => fireEvent.pointerMove(surface(), pointer));
  await act(async () => fireEvent.pointerUp(surface(), pointer));
  expect(calls).toEqual(["start", "end", "start", "move", "end"]);
});
