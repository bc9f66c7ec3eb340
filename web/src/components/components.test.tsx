// @vitest-environment happy-dom

import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PREDICTION, SEEN } from "../../tests/fixtures";
import { DrawingTools } from "./DrawingTools";
import { HandwritingTable } from "./HandwritingTable";
import { NetworkDiagram } from "./NetworkDiagram";
import { Notice } from "./Notice";
import { PredictionResult, resultOf, resultText } from "./PredictionResult";
import { ProbabilityBars } from "./ProbabilityBars";
import { RecentDrawings } from "./RecentDrawings";

afterEach(cleanup);

const BLANK = { ...PREDICTION, digit: null, reason: "blank" as const };
const NOT_A_DIGIT = { ...PREDICTION, digit: null, reason: "not_a_digit" as const };

describe("ProbabilityBars", () => {
  it("has ten rows, with and without a prediction", () => {
    const { rerender } = render(<ProbabilityBars probabilities={undefined} digit={null} />);
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
    rerender(<ProbabilityBars probabilities={PREDICTION.probabilities} digit={7} />);
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
  });
  it("shows each probability next to its digit", () => {
    render(<ProbabilityBars probabilities={PREDICTION.probabilities} digit={7} />);
    const row = screen.getAllByRole("listitem")[7] as HTMLElement;
    expect(row.textContent).toContain("seven: ");
    expect(row.textContent).toContain("93.0%");
    expect(screen.getByTestId("bar-7").style.transform).toBe("scaleX(0.93)");
  });
});

describe("resultOf", () => {
  it.each([
    ["nothing drawn", false, undefined, "empty"],
    ["a blank drawing", true, BLANK, "empty"],
    ["a drawing without a prediction", true, undefined, "pending"],
    ["a digit", true, PREDICTION, "digit"],
    ["a rejected drawing", true, NOT_A_DIGIT, "not_a_digit"],
  ])("%s", (_, hasDrawing, prediction, kind) => {
    expect(resultOf(hasDrawing, prediction).kind).toBe(kind);
  });
});

describe("resultText", () => {
  it.each([
    [0.643, ["Not sure", "64.3% for 1"]],
    [0.98, ["Very likely", "98.0% for 1"]],
  ])("gives a confidence of %f in words and in percent", (confidence, text) => {
    expect(resultText({ kind: "digit", digit: 1, confidence }, true)).toEqual(text);
  });
  it("names the most likely digit of a rejected drawing", () => {
    expect(resultText(resultOf(true, NOT_A_DIGIT), true)).toEqual([
      "This does not look like a digit",
      "If it is one, most likely a 7.",
    ]);
  });
  it("says that the prediction is pending, or how to request it", () => {
    expect(resultText({ kind: "pending" }, true)[0]).toBe("Reading your digit…");
    expect(resultText({ kind: "pending" }, false)[1]).toBe("Press Predict.");
  });
});

describe("PredictionResult", () => {
  it("shows the digit, its confidence and the network's input", () => {
    render(
      <PredictionResult
        result={resultOf(true, PREDICTION)}
        stale={false}
        live
        seen={SEEN}
        notice={null}
      />,
    );
    expect(screen.getByTestId("result").dataset.digit).toBe("7");
    expect(screen.getByTestId("result-heading").textContent).toBe("Very likely");
    expect(screen.getByText("93.0% for 7")).toBeTruthy();
    expect(screen.getByTestId("seen").getAttribute("alt")).toContain("28 by 28");
  });
  it("shows a notice in place of the text", () => {
    const notice = {
      reason: "Can't reach the server.",
      action: "Wait.",
      retrying: true,
      retry_at_ms: null,
    };
    render(
      <PredictionResult result={{ kind: "pending" }} stale live seen={null} notice={notice} />,
    );
    expect(screen.getByRole("alert").textContent).toContain("Can't reach the server.");
    expect(screen.queryByTestId("result-heading")).toBeNull();
  });
});

it("counts down to the next attempt", () => {
  const retry_at_ms = Date.now() + 2900;
  render(<Notice reason="Busy." action="Wait." retrying retry_at_ms={retry_at_ms} />);
  expect(screen.getByTestId("notice").textContent).toContain("Retrying in 3 s");
});

it("draws no more feature maps than fit", () => {
  const shape = { height: 26, width: 26, channels: 1_000_000 };
  const { container } = render(<NetworkDiagram stages={[{ label: "Convolution", shape }]} />);
  expect(container.querySelectorAll("rect")).toHaveLength(24);
  expect(screen.getByRole("listitem").textContent).toBe("Convolution26 × 26 × 1000000");
});

describe("DrawingTools", () => {
  const size = { label: "Pen width", value: 16, min: 6, max: 36, step: 2, fraction: 0.06 };
  it("marks the current tool and disabled buttons", async () => {
    const onCommand = vi.fn();
    render(
      <DrawingTools
        erasing={false}
        size={size}
        canUndo
        canRedo={false}
        canClear
        onCommand={onCommand}
        onSize={vi.fn()}
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

describe("RecentDrawings", () => {
  const recent = {
    id: "a",
    drawing: { mode: "freehand", id: "a", strokes: [], image: null } as const,
    digit: 4,
    confidence: 0.98,
    seen: SEEN,
  };
  const callbacks = () => ({ onOpen: vi.fn(), onDelete: vi.fn(), onDeleteAll: vi.fn() });
  it("opens and deletes drawings", async () => {
    const { onOpen, onDelete, onDeleteAll } = callbacks();
    render(<RecentDrawings recents={[recent]} {...{ onOpen, onDelete, onDeleteAll }} />);
    const item = within(screen.getByRole("listitem"));
    await userEvent.click(item.getByRole("button", { name: "Open drawing: 4, 98.0%" }));
    await userEvent.click(item.getByRole("button", { name: "Delete drawing: 4, 98.0%" }));
    await userEvent.click(screen.getByRole("button", { name: "Delete all" }));
    expect(onOpen).toHaveBeenCalledWith(recent);
    expect(onDelete).toHaveBeenCalledWith("a");
    expect(onDeleteAll).toHaveBeenCalledOnce();
  });
  it("gives no probability for a rejected drawing", () => {
    render(<RecentDrawings recents={[{ ...recent, digit: null }]} {...callbacks()} />);
    expect(screen.getByRole("button", { name: "Open drawing: not a digit" })).toBeTruthy();
    expect(screen.getByRole("listitem").textContent).toBe("–");
  });
});

it("HandwritingTable names each group of people in the header of its row", () => {
  render(
    <HandwritingTable
      rows={[{ who: "2 people in Spain (UNIPEN)", answered: "98.80%", worstWriter: "97.00%" }]}
    />,
  );
  const table = screen.getByRole("table", { name: "How many of their digits are recognized" });
  const cells = within(table).getAllByRole("cell");
  expect(within(table).getByRole("rowheader").textContent).toBe("2 people in Spain (UNIPEN)");
  expect(cells.map((cell) => cell.textContent)).toEqual(["98.80%", "97.00%"]);
});
