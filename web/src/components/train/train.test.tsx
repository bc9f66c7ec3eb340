// @vitest-environment happy-dom

import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CONFUSION, LAB, pictureEvent, summary } from "../../../tests/lab";
import { reasonsOf } from "../../lib/lab/controls";
import { NO_OPTIONS, type Refusal, type TypedOptions } from "../../lib/lab/options";
import { Confusion } from "./Confusion";
import { changesInWords } from "./DrawingProgress";
import { GradientCheck } from "./GradientCheck";
import { Histograms, middleHalf } from "./Histograms";
import { RunControls } from "./RunControls";
import { RunForm } from "./RunForm";
import { RunList } from "./RunList";

afterEach(cleanup);

it("names the weight whose gradient is checked", () => {
  render(
    <GradientCheck
      check={{
        ...{ type: "gradient", step: 188, time: 1, layer: 7, name: "7.weight", index: [6, 5] },
        ...{ weight: -0.0778, epsilon: 1e-5, loss: 1.131 },
        ...{ backpropagated: -0.05656, numerical: -0.05656, difference: 0 },
      }}
    />,
  );
  expect(screen.getByText(/the weight at \[6, 5\] of layer 7 was −0.0778/)).toBeTruthy();
});

describe("RunForm", () => {
  const open = (
    typed: Partial<TypedOptions>,
    onStart = async (): Promise<Refusal | null> => null,
  ) =>
    render(
      <RunForm
        lab={LAB}
        typed={{ ...NO_OPTIONS, ...typed }}
        onType={() => undefined}
        onStart={onStart}
      />,
    );
  const start = () => userEvent.click(screen.getByRole("button", { name: "Start training" }));

  it("sends what was typed for a recipe", async () => {
    const onStart = vi.fn(async () => null);
    open({ hidden: "64 32", epochs: "5" }, onStart);
    await start();
    expect(onStart).toHaveBeenCalledWith({
      recipe: "mlp",
      data: "mnist",
      hidden: [64, 32],
      epochs: 5,
    });
  });
  it("shows the API's sentence at the field that it is about, or else below the button", async () => {
    const problem = "It should be a whole number.";
    open({ seed: "x" }, async () => ({ problem, field: "seed" }));
    await start();
    const seed = screen.getByLabelText("Seed");
    expect(seed.getAttribute("aria-invalid")).toBe("true");
    const hint = document.getElementById(seed.getAttribute("aria-describedby") ?? "");
    expect(hint?.textContent).toContain("whole number");
    cleanup();
    const many = "Two are going on already: stop one of them first.";
    open({}, async () => ({ problem: many, field: null }));
    await start();
    expect(screen.getByRole("alert").textContent).toContain("stop one of them");
    expect(document.querySelector("[aria-invalid=true]")).toBeNull();
  });
  it("does not start without data, and names the command that gets them", async () => {
    const onStart = vi.fn(async () => null);
    open({ data: "semeion" }, onStart);
    expect(screen.getByText(/run “inkdigits data”/)).toBeTruthy();
    await start();
    expect(onStart).not.toHaveBeenCalled();
  });
  it("has no sizes of layers for a recipe with convolutions", () => {
    open({ recipe: "cnn-small" });
    expect((screen.getByLabelText("Hidden layers") as HTMLInputElement).disabled).toBe(true);
  });
});

describe("RunControls", () => {
  const open = (state: "training" | "paused", onCommand = vi.fn()) => {
    render(
      <RunControls
        reasons={reasonsOf({ ...summary("a", state), has_model: false }, 2)}
        paused={state === "paused"}
        learningRate={0.004}
        epochs={12}
        checkpoints={[
          { step: 100, epoch: 1 },
          { step: 200, epoch: 2 },
        ]}
        patience={null}
        onCommand={onCommand}
        problem={null}
      />,
    );
    return onCommand;
  };
  it("say why they do nothing, and do nothing", async () => {
    const onCommand = open("training");
    const step = screen.getByRole("button", { name: "One step" });
    await userEvent.click(step);
    expect(onCommand).not.toHaveBeenCalled();
    const reason = document.getElementById(step.getAttribute("aria-describedby") ?? "");
    expect(reason?.textContent).toBe("Pause the run first.");
  });
  it("send commands with their values", async () => {
    const onCommand = open("paused");
    await userEvent.click(screen.getByRole("button", { name: "One step" }));
    await userEvent.type(screen.getByRole("textbox", { name: "Learning rate" }), "0,001{Enter}");
    await userEvent.selectOptions(screen.getByLabelText("Checkpoint"), "100");
    await userEvent.click(screen.getByRole("button", { name: "Rewind" }));
    await userEvent.click(screen.getByRole("button", { name: /without improvement/ }));
    expect(onCommand.mock.calls).toEqual([
      ["step"],
      ["learning_rate", 0.001],
      ["rewind", 100],
      ["early_stopping", 5],
    ]);
  });
});

describe("Confusion", () => {
  it("has one tab stop, moves by arrow keys, and opens cells that have digits", async () => {
    const onOpen = vi.fn();
    const { classes, counts } = CONFUSION;
    render(<Confusion classes={classes} counts={counts} open={null} onOpen={onOpen} />);
    expect(document.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
    await userEvent.tab();
    await userEvent.keyboard("{ArrowUp}{ArrowRight}{ArrowRight}");
    expect(document.activeElement?.getAttribute("aria-label")).toBe("2 digits 0, predicted 2");
    await userEvent.keyboard("{Enter}");
    expect(onOpen).toHaveBeenCalledWith({ actual: 0, predicted: 2 });
  });
});

describe("RunList", () => {
  it("finds runs by name, and marks them", async () => {
    const runs = Array.from({ length: 20 }, (_, index) => summary(`mlp-seed-${index}`));
    const onMark = vi.fn();
    render(<RunList runs={runs} selected="mlp-seed-3" marked={new Set()} onMark={onMark} />);
    expect(screen.getByRole("link", { current: true }).textContent).toContain("mlp-seed-3");
    await userEvent.type(screen.getByRole("searchbox"), "seed-19");
    expect(screen.getAllByRole("listitem")).toHaveLength(1);
    await userEvent.click(screen.getByLabelText("Mark mlp-seed-19"));
    expect(onMark).toHaveBeenCalledWith("mlp-seed-19", true);
  });
});

describe("what pictures say in words", () => {
  it("tells where the middle half of a histogram is", () => {
    const histogram = { edges: [0, 1, 2, 3, 4], counts: [1, 4, 4, 1] };
    expect(middleHalf(histogram)).toBe("1 to 3");
    render(<Histograms layers={pictureEvent(1).histograms} />);
    expect(screen.getAllByRole("row")).toHaveLength(3);
  });
  it("tells when the prediction of the drawing changed", () => {
    const step = (step: number, most: number) => ({
      step,
      probabilities: [0, 1, 2].map((digit) => (digit === most ? 0.8 : 0.1)),
    });
    const words = changesInWords([step(0, 2), step(5, 2), step(9, 1)], ["0", "1", "2"]);
    expect(words).toBe("2 from step 0, 1 from step 9.");
  });
});
