// @vitest-environment happy-dom

import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as fixtures from "../tests/fixtures";
import { api, drawnPixels, drawWithKeyboard, heading, openPage, PREDICTION } from "../tests/page";
import { ApiError } from "./lib/api/errors";

describe("the page", () => {
  it("sends nothing before something is drawn", () => {
    openPage();
    expect(heading()).toBe("No digit yet");
    expect(api.requests).toEqual([]);
  });

  it("predicts what is drawn with the keyboard alone", async () => {
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(screen.getByTestId("result").dataset.digit).toBe("1");
    const last = api.requests.at(-1) as { pixels: number[][] };
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
    expect(api.requests).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(api.requests).toHaveLength(1);
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
    await waitFor(
      () => expect(screen.getByTestId("announcer").textContent).toContain("has changed"),
      { timeout: 4000 },
    );
    expect(api.requests).toHaveLength(1);
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(heading()).toBe("Very likely");
    await userEvent.keyboard("{Control>}y{Enter}{/Control}");
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(api.requests).toHaveLength(2);
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
    const sent = api.requests.length;
    await userEvent.click(screen.getByRole("button", { name: "Sample 8" }));
    expect(heading()).toBe("Not read yet");
    expect(screen.getByTestId("result").dataset.digit).toBe("none");
    expect(api.requests).toHaveLength(sent);
  });

  it("keeps the drawing while the API cannot be reached, and recovers by itself", async () => {
    api.predict = async () => {
      throw new ApiError({ kind: "unreachable" });
    };
    openPage();
    await drawWithKeyboard();
    const pixels = drawnPixels();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Can't reach"));
    api.predict = async () => PREDICTION;
    await waitFor(() => expect(heading()).toBe("Very likely"), { timeout: 4000 });
    expect(drawnPixels()).toBe(pixels);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("does not retry an HTTP error before Predict is pressed", async () => {
    api.predict = async () => {
      throw new ApiError({ kind: "http_error", status: 500, detail: "" });
    };
    openPage();
    await drawWithKeyboard();
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toContain("Something went wrong"),
    );
    const sent = api.requests.length;
    api.predict = async () => PREDICTION;
    await userEvent.click(screen.getByRole("button", { name: /Predict/ }));
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(api.requests.length).toBe(sent + 1);
  });

  it("reports its own errors", async () => {
    api.predict = async () => {
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
    api.predict = async () => ({ ...PREDICTION, duration_ms: null as never });
    openPage();
    await drawWithKeyboard();
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toContain("The result cannot be shown."),
    );
    expect(drawnPixels()).not.toBe("");
    api.predict = async () => PREDICTION;
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
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
    api.models = async () => fixtures.MODELS;
    openPage();
    await screen.findByText("217,299 parameters");
    await userEvent.click(screen.getByRole("link", { name: "How it works" }));
    const layers = await screen.findByRole("list", { name: "Layers of the network" });
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
