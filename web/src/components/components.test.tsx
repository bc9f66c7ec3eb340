// @vitest-environment happy-dom

import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CLOTHES, CLOTHES_PREDICTION, PREDICTION, SEEN } from "../../tests/fixtures";
import { DIGITS } from "../lib/classes";
import { DrawingTools } from "./DrawingTools";
import { HandwritingTable } from "./HandwritingTable";
import { NetworkDiagram } from "./NetworkDiagram";
import { Notice } from "./Notice";
import { PredictionResult, resultOf, resultText } from "./PredictionResult";
import { ProbabilityBars } from "./ProbabilityBars";
import { RecentDrawings } from "./RecentDrawings";

afterEach(cleanup);

const BLANK = { ...PREDICTION, digit: null, label: null, reason: "blank" as const };
const NOT_A_DIGIT = { ...PREDICTION, digit: null, label: null, reason: "not_a_digit" as const };
const LETTERS = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));

describe("ProbabilityBars", () => {
  it("has ten rows, with and without a prediction", () => {
    const { rerender } = render(
      <ProbabilityBars classes={DIGITS} probabilities={undefined} label={null} />,
    );
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
    rerender(
      <ProbabilityBars classes={DIGITS} probabilities={PREDICTION.probabilities} label="7" />,
    );
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
  });
  it("shows each probability next to its digit", () => {
    render(<ProbabilityBars classes={DIGITS} probabilities={PREDICTION.probabilities} label="7" />);
    const row = screen.getAllByRole("listitem")[7] as HTMLElement;
    expect(row.textContent).toContain("seven: ");
    expect(row.textContent).toContain("93.0%");
    expect(screen.getByTestId("bar-7").style.transform).toBe("scaleX(0.93)");
  });
  it("names other classes, as text", () => {
    const classes = CLOTHES.with(4, "<b>Coat</b>");
    const { probabilities } = CLOTHES_PREDICTION;
    render(<ProbabilityBars classes={classes} probabilities={probabilities} label="<b>Coat</b>" />);
    const rows = screen.getAllByRole("listitem");
    expect(rows).toHaveLength(CLOTHES.length);
    expect(rows[4]?.textContent).toBe("<b>Coat</b>: 80.0%");
    expect(rows[4]?.dataset.predicted).toBe("true");
    expect(screen.getByRole("list", { name: "Probability of each class" })).toBeTruthy();
  });
  it("shows the ten most likely of many classes, the most likely first", () => {
    const probabilities = LETTERS.map((name) => (name === "Q" ? 0.75 : 0.01));
    const { rerender } = render(
      <ProbabilityBars classes={LETTERS} probabilities={probabilities} label="Q" />,
    );
    const rows = screen.getAllByRole("listitem");
    expect(rows.map((row) => row.querySelector("bdi")?.textContent).join("")).toBe("QABCDEFGHI");
    expect(screen.getByText("The 10 most likely of 26 classes")).toBeTruthy();
    rerender(<ProbabilityBars classes={LETTERS} probabilities={undefined} label={null} />);
    expect(screen.getAllByRole("listitem")).toHaveLength(10);
  });
});

describe("resultOf", () => {
  it.each([
    ["nothing drawn", "nothing", undefined, "empty"],
    ["a blank drawing", "drawing", BLANK, "blank"],
    ["a blank image", "image", BLANK, "blank"],
    ["a drawing without a prediction", "drawing", undefined, "pending"],
    ["a digit", "drawing", PREDICTION, "answer"],
    ["another class", "drawing", CLOTHES_PREDICTION, "answer"],
    ["a rejected drawing", "drawing", NOT_A_DIGIT, "rejected"],
  ] as const)("%s", (_, content, prediction, kind) => {
    expect(resultOf(content, prediction, DIGITS).kind).toBe(kind);
  });
});

describe("resultText", () => {
  it.each([
    [0.643, ["Not sure", "64.3% for 1"]],
    [0.98, ["Very likely", "98.0% for 1"]],
  ])("gives a confidence of %f in words and in percent", (confidence, text) => {
    const result = { kind: "answer", label: "1", digit: 1, confidence } as const;
    expect(resultText(result, DIGITS, true)).toEqual(text);
  });
  it("names the most likely digit of a rejected drawing", () => {
    expect(resultText(resultOf("drawing", NOT_A_DIGIT, DIGITS), DIGITS, true)).toEqual([
      "This does not look like a digit",
      "If it is one, most likely a 7.",
    ]);
  });
  it("tells a blank image from an empty drawing area", () => {
    const heading = (content: "nothing" | "drawing" | "image") =>
      resultText(resultOf(content, BLANK, DIGITS), DIGITS, true)[0];
    expect(heading("image")).toBe("This image is blank");
    expect(heading("drawing")).toBe("There is no ink to read");
    expect(heading("nothing")).toBe("No digit yet");
  });
  it("does not speak of digits if the classes are others", () => {
    const rejected = { ...CLOTHES_PREDICTION, label: null, reason: "not_a_digit" as const };
    const results = [
      resultOf("nothing", undefined, CLOTHES),
      resultOf("drawing", undefined, CLOTHES),
      resultOf("drawing", CLOTHES_PREDICTION, CLOTHES),
      resultOf("drawing", rejected, CLOTHES),
    ];
    const texts = results.map((result) => resultText(result, CLOTHES, true).join(" "));
    for (const text of texts) expect(text).not.toMatch(/digit/);
    expect(texts[0]).toContain("T-shirt/top, Trouser, Pullover");
    expect(texts[2]).toContain("80.0% for Coat");
    expect(texts[3]).toContain("most likely Coat");
  });
  it("says that an answer is for an earlier version of the drawing", () => {
    const result = resultOf("drawing", PREDICTION, DIGITS);
    expect(resultText(result, DIGITS, false, true)[0]).toBe("Your drawing has changed");
  });
  it("says that the prediction is pending, or how to request it", () => {
    expect(resultText({ kind: "pending" }, DIGITS, true)[0]).toBe("Reading your digit…");
    expect(resultText({ kind: "pending" }, DIGITS, false)[1]).toBe("Press Predict.");
  });
});

describe("PredictionResult", () => {
  it("shows the digit, its confidence and the network's input", () => {
    render(
      <PredictionResult
        result={resultOf("drawing", PREDICTION, DIGITS)}
        classes={DIGITS}
        stale={false}
        outdated={false}
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
  it("shows the name of another class as text", () => {
    const prediction = { ...CLOTHES_PREDICTION, label: "<img src=x>" };
    render(
      <PredictionResult
        result={resultOf("drawing", prediction, CLOTHES)}
        classes={CLOTHES}
        stale
        outdated
        live={false}
        seen={null}
        notice={null}
      />,
    );
    expect(screen.getByTestId("result-label").textContent).toBe("<img src=x>");
    expect(screen.getByTestId("result").dataset.digit).toBe("none");
    expect(screen.getByText("Earlier answer")).toBeTruthy();
  });
  it("shows a notice in place of the text", () => {
    const notice = {
      reason: "Can't reach the server.",
      action: "Wait.",
      retrying: true,
      retry_at_ms: null,
    };
    render(
      <PredictionResult
        result={{ kind: "pending" }}
        classes={DIGITS}
        stale
        outdated={false}
        live
        seen={null}
        notice={notice}
      />,
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
    label: "4",
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
    render(<RecentDrawings recents={[{ ...recent, label: null }]} {...callbacks()} />);
    expect(screen.getByRole("button", { name: "Open drawing: not recognized" })).toBeTruthy();
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
