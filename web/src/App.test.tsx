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
  label: "1",
  confidence: 0.97,
  probabilities: [0, 0.97, 0, 0, 0, 0, 0, 0.03, 0, 0],
  seen: fixtures.SEEN,
};

let requests: PredictionBody[];
let requestedModels: (string | null)[];
let predict: (body: PredictionBody, model: string | null) => Promise<Prediction>;
let models: PredictionApi["models"];

const api: PredictionApi = {
  predict: (body, model) => {
    requests.push(body);
    requestedModels.push(model);
    return predict(body, model);
  },
  models: (signal) => models(signal),
};

beforeEach(() => {
  requests = [];
  requestedModels = [];
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
  return render(
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

  it("marks the answer of an earlier version of the drawing if live prediction is off", async () => {
    openPage();
    await userEvent.click(screen.getByRole("switch", { name: "Predict while I draw" }));
    await drawWithKeyboard();
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(screen.getByText("Answer")).toBeTruthy();
    await drawWithKeyboard();
    expect(heading()).toBe("Your drawing has changed");
    expect(screen.getByText("Earlier answer")).toBeTruthy();
    expect(requests).toHaveLength(1);
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(heading()).toBe("Very likely");
    await userEvent.keyboard("{Control>}y{Enter}{/Control}");
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(requests).toHaveLength(2);
  });

  it("does not mark the current answer when live prediction is turned off", async () => {
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
    await userEvent.click(screen.getByRole("switch", { name: "Predict while I draw" }));
    expect(heading()).toBe("Very likely");
    expect(screen.getByText("Answer")).toBeTruthy();
  });

  it("shows no answer of another drawing if live prediction is off", async () => {
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
    await userEvent.click(screen.getByRole("switch", { name: "Predict while I draw" }));
    const sent = requests.length;
    await userEvent.click(screen.getByRole("button", { name: "Sample 8" }));
    expect(heading()).toBe("Not read yet");
    expect(screen.getByTestId("result").dataset.digit).toBe("none");
    expect(requests).toHaveLength(sent);
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
    expect(window.localStorage.getItem("inkdigits.recent-drawings")).toContain('"label":"1"');
    await userEvent.click(screen.getByRole("button", { name: "Delete all" }));
    expect(window.localStorage.getItem("inkdigits.recent-drawings")).toBeNull();
  });

  it("keeps the recent drawings of two tabs", async () => {
    const stored = (id: string) => ({
      id,
      drawing: { mode: "pixels", id, grid: Array(784).fill(255) },
      label: "4",
      confidence: 0.9,
      seen: fixtures.SEEN,
    });
    const otherTabStores = (...ids: string[]) => {
      const key = "inkdigits.recent-drawings";
      window.localStorage.setItem(key, JSON.stringify(ids.map(stored)));
      return () => window.dispatchEvent(new StorageEvent("storage", { key }));
    };
    const inList = () => screen.queryAllByRole("button", { name: /^Open drawing/ });
    openPage();
    const notify = otherTabStores("a");
    await drawWithKeyboard();
    // This tab adds its own to what the other has stored, of which it has not heard yet.
    await waitFor(() => expect(inList()).toHaveLength(2), { timeout: 4000 });
    expect(JSON.parse(window.localStorage.getItem("inkdigits.recent-drawings") ?? "")).toHaveLength(
      2,
    );
    act(notify);
    expect(inList()).toHaveLength(2);
    act(otherTabStores("a", "b", "c"));
    expect(inList()).toHaveLength(3);
    window.localStorage.removeItem("inkdigits.recent-drawings");
    act(() => void window.dispatchEvent(new StorageEvent("storage", { key: null })));
    expect(inList()).toHaveLength(0);
  });

  it("shows recent drawings even if the browser cannot store them", async () => {
    vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    const inList = () => screen.queryAllByRole("button", { name: /^Open drawing/ });
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(inList()).toHaveLength(1), { timeout: 4000 });
    await userEvent.click(screen.getByRole("button", { name: /^Clear/ }));
    await drawWithKeyboard();
    await waitFor(() => expect(inList()).toHaveLength(2), { timeout: 4000 });
    vi.restoreAllMocks();
  });

  it("restores the undo and redo steps after a reload", async () => {
    const { unmount } = openPage();
    await drawWithKeyboard();
    const first = drawnPixels();
    await drawWithKeyboard();
    const second = drawnPixels();
    await userEvent.keyboard("{Control>}z{/Control}");
    unmount();
    openPage();
    expect(drawnPixels()).toBe(first);
    await userEvent.keyboard("{Control>}y{/Control}");
    expect(drawnPixels()).toBe(second);
    await userEvent.keyboard("{Control>}zz{/Control}");
    expect(drawnPixels()).toBe("");
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

  describe("with several models", () => {
    const { MODEL, CLOTHES_MODEL, CLOTHES_PREDICTION } = fixtures;
    const select = () => screen.findByRole("combobox", { name: "Model" });
    beforeEach(() => {
      models = async () => ({ default: "m", models: [MODEL, CLOTHES_MODEL] });
      predict = async (_, model) => (model === "clothes" ? CLOTHES_PREDICTION : PREDICTION);
    });

    it("remembers the chosen model", async () => {
      const { unmount } = openPage();
      await userEvent.selectOptions(await select(), "clothes");
      unmount();
      openPage();
      expect(((await select()) as HTMLSelectElement).value).toBe("clothes");
      await drawWithKeyboard();
      await waitFor(() => expect(screen.getByTestId("result-label").textContent).toBe("Coat"));
      expect(requestedModels.at(-1)).toBe("clothes");
    });

    it("uses the default if the chosen model is not served any more", async () => {
      window.localStorage.setItem("inkdigits.model", '"gone"');
      openPage();
      expect(((await select()) as HTMLSelectElement).value).toBe("m");
      await drawWithKeyboard();
      await waitFor(() => expect(heading()).toBe("Very likely"));
      expect(requestedModels.at(-1)).toBeNull();
    });

    it("uses the default if the API does not know the chosen model, without a list", async () => {
      window.localStorage.setItem("inkdigits.model", '"gone"');
      models = () => new Promise(() => undefined);
      predict = async (_, model) => {
        if (model !== null) throw new ApiError({ kind: "http_error", status: 404, detail: "" });
        return PREDICTION;
      };
      openPage();
      await drawWithKeyboard();
      await waitFor(() => expect(heading()).toBe("Very likely"));
      expect(window.localStorage.getItem("inkdigits.model")).toBeNull();
    });

    it("shows, announces and keeps the answers of a model of other classes", async () => {
      predict = async () => ({ ...CLOTHES_PREDICTION, seen: fixtures.SEEN });
      models = async () => ({ default: "clothes", models: [CLOTHES_MODEL] });
      openPage();
      expect(await screen.findByText("Nothing drawn yet")).toBeTruthy();
      expect(screen.queryByRole("button", { name: /^Sample/ })).toBeNull();
      await drawWithKeyboard();
      await waitFor(() => expect(screen.getByText("80.0% for Coat")).toBeTruthy());
      const rows = screen.getByRole("list", { name: "Probability of each class" });
      expect(rows.children).toHaveLength(fixtures.CLOTHES.length);
      await waitFor(
        () => expect(screen.getByTestId("announcer").textContent).toContain("Answer: Coat. Likely"),
        { timeout: 4000 },
      );
      await screen.findByRole("button", { name: "Open drawing: Coat, 80.0%" }, { timeout: 4000 });
      const how = screen.getByRole("region", { name: "How it works" }).textContent;
      expect(how).toContain("7 classes: T-shirt/top, Trouser");
      expect(how).not.toContain("for each digit");
    });

    it("loads the list of models again if a prediction is of one that is not in it", async () => {
      let updated = { ...CLOTHES_MODEL, digest: "2".repeat(64), class_names: ["A", "B"] };
      models = async () => ({ default: "clothes", models: [updated] });
      openPage();
      await screen.findByText("Draw one of these: A or B.");
      updated = CLOTHES_MODEL;
      predict = async () => CLOTHES_PREDICTION;
      await drawWithKeyboard();
      await waitFor(() => expect(screen.getByText("Trouser")).toBeTruthy());
    });
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
