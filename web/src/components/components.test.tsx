// @vitest-environment happy-dom

import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PREDICTION, SEEN } from "../../tests/fixtures";
import { DrawingTools } from "./DrawingTools";
import { Notice } from "./Notice";
import { PredictionResult, resultState, resultText } from "./PredictionResult";
import { ProbabilityBars } from "./ProbabilityBars";
import { RecentDrawings } from "./RecentDrawings";

afterEach(cleanup);

describe("Bars", () => {
  it("has ten rows, with and without an answer", () => {
    const { rerender } = render(<ProbabilityBars probabilities={undefined} digit={null} />);
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
    rerender(<ProbabilityBars probabilities={PREDICTION.probabilities} digit={7} />);
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
  });
  it("says each probability with its digit", () => {
    render(<ProbabilityBars probabilities={PREDICTION.probabilities} digit={7} />);
    const row = screen.getAllByRole("listitem")[7] as HTMLElement;
    expect(row.textContent).toContain("seven: ");
    expect(row.textContent).toContain("93.0%");
    expect(screen.getByTestId("bar-7").style.transform).toBe("scaleX(0.93)");
  });
});

describe("the state of an answer", () => {
  it.each([
    ["nothing drawn", false, undefined, "empty"],
    ["blank", true, { ...PREDICTION, digit: null, reason: "blank" as const }, "empty"],
    ["not read yet", true, undefined, "waiting"],
    ["a digit", true, PREDICTION, "digit"],
    [
      "no digit",
      true,
      { ...PREDICTION, digit: null, reason: "not_a_digit" as const },
      "not_a_digit",
    ],
  ])("of %s", (_, drawn, prediction, kind) => {
    expect(resultState(drawn, { prediction }).kind).toBe(kind);
  });
  it("names the closest digit of a refusal", () => {
    const httpErrorMessage = { ...PREDICTION, digit: null, reason: "not_a_digit" as const };
    const [first, second] = resultText(resultState(true, { prediction: httpErrorMessage }), true);
    expect(first).toBe("This does not look like a digit");
    expect(second).toContain("closest is 7");
  });
  it("asks for Predict when it does not read while drawing", () => {
    expect(resultText({ kind: "waiting" }, false)[1]).toBe("Press Predict.");
  });
});

describe("Answer", () => {
  const notice = {
    kind: "away",
    cause: "The reader cannot be reached.",
    action: "Wait.",
    again: true,
  };
  it("tells a digit and how sure", () => {
    render(
      <PredictionResult
        state={resultState(true, { prediction: PREDICTION })}
        stale={false}
        live
        seen={SEEN}
        notice={null}
      />,
    );
    expect(screen.getByTestId("result").dataset.digit).toBe("7");
    expect(screen.getByTestId("result-heading").textContent).toBe("Very likely");
    expect(screen.getByText("93.0% sure")).toBeTruthy();
    expect(screen.getByTestId("seen").getAttribute("alt")).toContain("28 by 28");
  });
  it("tells what is wrong in place of it", () => {
    render(
      <PredictionResult
        state={{ kind: "waiting" }}
        stale
        live
        seen={null}
        notice={{ ...notice, again_ms: null }}
      />,
    );
    expect(screen.getByRole("alert").textContent).toContain("cannot be reached");
    expect(screen.queryByTestId("result-heading")).toBeNull();
  });
});

it("counts down to the next try", () => {
  render(<Notice kind="busy" cause="Busy." action="Wait." again again_ms={Date.now() + 2900} />);
  expect(screen.getByTestId("notice").textContent).toContain("Again in 3 s");
});

describe("Tools", () => {
  const brush = { label: "Width", value: 16, least: 6, most: 36, step: 2, share: 0.06 };
  it("says what is chosen and what cannot be", async () => {
    const onCommand = vi.fn();
    render(
      <DrawingTools
        erasing={false}
        brush={brush}
        canUndo
        canRedo={false}
        canClear
        onCommand={onCommand}
        onBrush={vi.fn()}
      />,
    );
    const button = (name: RegExp) => screen.getByRole("button", { name });
    expect(button(/^Pen/).getAttribute("aria-pressed")).toBe("true");
    expect(button(/^Undo/).getAttribute("aria-keyshortcuts")).toBe("Control+Z");
    await userEvent.click(button(/^Undo/));
    await userEvent.click(button(/^Redo/));
    expect(onCommand.mock.calls).toEqual([["undo"]]);
    expect(button(/^Redo/).getAttribute("aria-disabled")).toBe("true");
  });
});

describe("Recents", () => {
  const recent = {
    id: "a",
    drawn: { kind: "sheet", sheet: { id: "a", strokes: [], picture: null } } as const,
    digit: 4,
    confidence: 0.98,
    seen: SEEN,
  };
  it("opens and deletes", async () => {
    const [onOpen, onDelete, onDeleteAll] = [vi.fn(), vi.fn(), vi.fn()];
    render(<RecentDrawings recents={[recent]} {...{ onOpen, onDelete, onDeleteAll }} />);
    const item = within(screen.getByRole("listitem"));
    await userEvent.click(item.getByRole("button", { name: /Open the drawing read as 4/ }));
    await userEvent.click(item.getByRole("button", { name: /Delete/ }));
    await userEvent.click(screen.getByRole("button", { name: "Delete all" }));
    expect(onOpen).toHaveBeenCalledWith(recent);
    expect(onDelete).toHaveBeenCalledWith("a");
    expect(onDeleteAll).toHaveBeenCalledOnce();
  });
});
