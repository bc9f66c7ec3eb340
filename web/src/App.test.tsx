// @vitest-environment happy-dom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as fixtures from "../tests/fixtures";
import { App } from "./App";
import type { Prediction, PredictionApi, PredictionBody } from "./lib/api/client";
import { ApiError } from "./lib/api/errors";

const PREDICTION: Prediction = {
  ...fixtures.PREDICTION,
  digit: 1,
  confidence: 0.97,
  probabilities: [0, 0.97, 0, 0, 0, 0, 0, 0.03, 0, 0],
  seen: fixtures.SEEN,
};

let requests: PredictionBody[];
let predict: (body: PredictionBody) => Promise<Prediction>;
let models: PredictionApi["models"];

const api: PredictionApi = {
  predict: (body) => {
    requests.push(body);
    return predict(body);
  },
  models: (signal) => models(signal),
};

beforeEach(() => {
  requests = [];
  predict = async () => PREDICTION;
  models = () => new Promise(() => undefined);
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  cleanup();
  window.localStorage.clear();
  window.sessionStorage.clear();
});

/** Open the page in pixel mode, which does not need a canvas. */
function openPage() {
  window.sessionStorage.setItem("inkdigits.mode", '"pixels"');
  render(
    <QueryClientProvider client={new QueryClient()}>
      <App api={api} />
    </QueryClientProvider>,
  );
}

const heading = () => screen.getByTestId("result-heading").textContent;
const drawingArea = () => screen.getByRole("application");
const drawnPixels = () => drawingArea().querySelector(".pixels")?.getAttribute("d") ?? "";

async function drawWithKeyboard() {
  act(() => drawingArea().focus());
  await userEvent.keyboard(" {ArrowDown}{ArrowDown}{ArrowDown} ");
}

describe("the page", () => {
  it("sends nothing before something is drawn", () => {
    openPage();
    expect(heading()).toBe("No digit yet");
    expect(requests).toEqual([]);
  });

  it("predicts what is drawn with the keyboard alone", async () => {
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(screen.getByTestId("result").dataset.digit).toBe("1");
    const last = requests.at(-1) as { pixels: number[][] };
    expect(last.pixels).toHaveLength(28);
    expect(last.pixels.flat().filter(Boolean).length).toBeGreaterThanOrEqual(8);
  });

  it("undoes and redoes whole gestures, and clears", async () => {
    openPage();
    await drawWithKeyboard();
    const pixels = drawnPixels();
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(drawnPixels()).toBe("");
    expect(heading()).toBe("No digit yet");
    await userEvent.keyboard("{Control>}y{/Control}");
    expect(drawnPixels()).toBe(pixels);
    await userEvent.keyboard("{Delete}");
    expect(drawnPixels()).toBe("");
    await userEvent.click(screen.getByRole("button", { name: /^Undo/ }));
    expect(drawnPixels()).toBe(pixels);
  });

  it("waits for the Predict button if live prediction is off", async () => {
    openPage();
    await userEvent.click(screen.getByRole("switch", { name: "Predict while I draw" }));
    await drawWithKeyboard();
    expect(heading()).toBe("Not read yet");
    expect(requests).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(requests).toHaveLength(1);
  });

  it("keeps the drawing while the API cannot be reached, and recovers by itself", async () => {
    predict = async () => {
      throw new ApiError({ kind: "unreachable" });
    };
    openPage();
    await drawWithKeyboard();
    const pixels = drawnPixels();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Can't reach"));
    predict = async () => PREDICTION;
    await waitFor(() => expect(heading()).toBe("Very likely"), { timeout: 4000 });
    expect(drawnPixels()).toBe(pixels);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("does not retry an HTTP error before Predict is pressed", async () => {
    predict = async () => {
      throw new ApiError({ kind: "http_error", status: 500, detail: "" });
    };
    openPage();
    await drawWithKeyboard();
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toContain("Something went wrong"),
    );
    const sent = requests.length;
    predict = async () => PREDICTION;
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(requests.length).toBe(sent + 1);
  });

  it("reports its own errors", async () => {
    predict = async () => {
      throw new Error("broken");
    };
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("could not send"));
    expect(drawnPixels()).not.toBe("");
  });

  it("keeps the drawing if a result cannot be rendered, and shows the next one", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    // As if the schema had accepted it.
    predict = async () => ({ ...PREDICTION, duration_ms: null as never });
    openPage();
    await drawWithKeyboard();
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toContain("The result cannot be shown."),
    );
    expect(drawnPixels()).not.toBe("");
    predict = async () => PREDICTION;
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
  });

  it("adds a drawing to the recent drawings, reopens it and deletes it", async () => {
    openPage();
    await drawWithKeyboard();
    const pixels = drawnPixels();
    const recent = await screen.findByRole(
      "button",
      { name: "Open drawing: 1, 97.0%" },
      { timeout: 4000 },
    );
    await userEvent.click(screen.getByRole("button", { name: /^Clear/ }));
    await userEvent.click(recent);
    expect(drawnPixels()).toBe(pixels);
    expect(window.localStorage.getItem("inkdigits.recent-drawings")).toContain('"digit":1');
    await userEvent.click(screen.getByRole("button", { name: "Delete all" }));
    expect(window.localStorage.getItem("inkdigits.recent-drawings")).toBeNull();
  });

  it("announces the result to screen readers", async () => {
    openPage();
    await drawWithKeyboard();
    await waitFor(
      () =>
        expect(screen.getByTestId("announcer").textContent).toBe(
          "Answer: one. Very likely, 97.0%.",
        ),
      { timeout: 4000 },
    );
  });

  it("explains the current model", async () => {
    models = async () => fixtures.MODELS;
    openPage();
    await screen.findByText("217,299 parameters");
    const layers = screen.getByRole("list", { name: "Layers of the network" });
    expect([...layers.children].map(({ textContent }) => textContent)).toEqual([
      "Input28 × 28",
      "Convolution26 × 26 × 20",
      "Max pooling13 × 13 × 20",
      "Flatten3,380",
      "Dense64",
      "Logits11",
    ]);
    const how = screen.getByRole("region", { name: "How it works" }).textContent;
    expect(how).toContain("and one for non-digits");
    expect(how).toContain("epochs24");
    expect(how).toContain("optimizerAdamW");
  });
});
