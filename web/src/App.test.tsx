// @vitest-environment happy-dom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PREDICTION as GOOD, SEEN } from "../tests/fixtures";
import { App } from "./App";
import type { Drawing, Prediction, Service } from "./lib/api/client";
import { ApiError } from "./lib/api/errors";

const PREDICTION: Prediction = {
  ...GOOD,
  digit: 1,
  confidence: 0.97,
  probabilities: [0, 0.97, 0, 0, 0, 0, 0, 0.03, 0, 0],
  seen: SEEN,
};

let asked: Drawing[];
let predict: (drawing: Drawing) => Promise<Prediction>;

const service: Service = {
  predict: (drawing) => {
    asked.push(drawing);
    return predict(drawing);
  },
  models: () => new Promise(() => undefined),
};

beforeEach(() => {
  asked = [];
  predict = async () => PREDICTION;
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

/** Open the page on the grid of pixels: it needs no canvas. */
function open() {
  window.sessionStorage.setItem("inkdigits.mode", '"pixels"');
  render(
    <QueryClientProvider client={new QueryClient()}>
      <App api={service} />
    </QueryClientProvider>,
  );
}

const words = () => screen.getByTestId("result-heading").textContent;
const board = () => screen.getByRole("application");
const inked = () => board().querySelector(".pixels")?.getAttribute("d") ?? "";

async function drawByKeys() {
  act(() => board().focus());
  await userEvent.keyboard(" {ArrowDown}{ArrowDown}{ArrowDown} ");
}

describe("the page", () => {
  it("has no digit yet, and asks nothing", () => {
    open();
    expect(words()).toBe("No digit yet");
    expect(asked).toEqual([]);
  });

  it("reads what is drawn with the keyboard alone", async () => {
    open();
    await drawByKeys();
    await waitFor(() => expect(words()).toBe("Very likely"));
    expect(screen.getByTestId("result").dataset.digit).toBe("1");
    const last = asked.at(-1) as { pixels: number[][] };
    expect(last.pixels).toHaveLength(28);
    expect(last.pixels.flat().filter(Boolean).length).toBeGreaterThanOrEqual(8);
  });

  it("undoes a whole gesture, redoes it, and clears", async () => {
    open();
    await drawByKeys();
    const drawn = inked();
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(inked()).toBe("");
    expect(words()).toBe("No digit yet");
    await userEvent.keyboard("{Control>}y{/Control}");
    expect(inked()).toBe(drawn);
    await userEvent.keyboard("{Delete}");
    expect(inked()).toBe("");
    await userEvent.click(screen.getByRole("button", { name: /^Undo/ }));
    expect(inked()).toBe(drawn);
  });

  it("reads only when asked if it is told so", async () => {
    open();
    await userEvent.click(screen.getByRole("switch", { name: "While drawing" }));
    await drawByKeys();
    expect(words()).toBe("Not read yet");
    expect(asked).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(words()).toBe("Very likely"));
    expect(asked).toHaveLength(1);
  });

  it("keeps the drawing while the API is away, and goes on by itself", async () => {
    predict = async () => {
      throw new ApiError({ kind: "away" });
    };
    open();
    await drawByKeys();
    const drawn = inked();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("reached"));
    predict = async () => PREDICTION;
    await waitFor(() => expect(words()).toBe("Very likely"), { timeout: 4000 });
    expect(inked()).toBe(drawn);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("does not ask again for what was refused, until told to", async () => {
    predict = async () => {
      throw new ApiError({ kind: "refused", status: 500, detail: "" });
    };
    open();
    await drawByKeys();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("failed"));
    const before = asked.length;
    predict = async () => PREDICTION;
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(words()).toBe("Very likely"));
    expect(asked.length).toBe(before + 1);
  });

  it("says that it could not send a drawing if it fails to itself", async () => {
    predict = async () => {
      throw new Error("broken");
    };
    open();
    await drawByKeys();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("could not send"));
    expect(inked()).not.toBe("");
  });

  it("keeps the drawing if an answer cannot be shown, and shows the next", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    // As if one came through that no schema foresaw.
    predict = async () => ({ ...PREDICTION, duration_ms: null as never });
    open();
    await drawByKeys();
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toContain("The answer cannot be shown."),
    );
    expect(inked()).not.toBe("");
    predict = async () => PREDICTION;
    await drawByKeys();
    await waitFor(() => expect(words()).toBe("Very likely"));
  });

  it("remembers a drawing with its answer, opens it again and deletes it", async () => {
    open();
    await drawByKeys();
    const drawn = inked();
    const recent = await screen.findByRole(
      "button",
      { name: /Open the drawing read as 1/ },
      { timeout: 4000 },
    );
    await userEvent.click(screen.getByRole("button", { name: /^Clear/ }));
    await userEvent.click(recent);
    expect(inked()).toBe(drawn);
    expect(window.localStorage.getItem("inkdigits.recents")).toContain('"digit":1');
    await userEvent.click(screen.getByRole("button", { name: "Delete all" }));
    expect(window.localStorage.getItem("inkdigits.recents")).toBeNull();
  });

  it("announces the answer politely", async () => {
    open();
    await drawByKeys();
    await waitFor(
      () =>
        expect(screen.getByTestId("announcer").textContent).toBe(
          "It reads one. Very likely, 97.0%.",
        ),
      { timeout: 4000 },
    );
  });
});
