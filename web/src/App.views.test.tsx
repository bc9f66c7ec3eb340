// @vitest-environment happy-dom

import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as fixtures from "../tests/fixtures";
import { api, drawnPixels, drawWithKeyboard, openPage } from "../tests/page";

const currentView = () =>
  screen.getByRole("navigation").querySelector("[aria-current=page]")?.textContent;
const title = () => screen.getByRole("heading", { level: 2, name: currentView() as string });
const message = () => screen.queryByTestId("link-message")?.textContent;
const goTo = (fragment: string) =>
  act(async () => {
    window.location.hash = fragment;
    window.dispatchEvent(new Event("hashchange"));
  });

describe("the views", () => {
  it("have addresses, titles and keys, and move the focus to their titles", async () => {
    openPage();
    expect(currentView()).toBe("Draw");
    expect(document.title).toBe("inkdigits");
    for (const [key, name, fragment] of [
      ["h", "How it works", "#/how"],
      ["i", "Inside", "#/inside"],
      ["w", "My handwriting", "#/handwriting"],
      ["g", "Game", "#/game"],
      ["t", "Train", "#/train"],
      ["d", "Draw", "#/"],
    ] as const) {
      await userEvent.keyboard(key);
      await waitFor(() => expect(currentView()).toBe(name));
      expect(window.location.hash).toBe(fragment);
      expect(document.title).toBe(name === "Draw" ? "inkdigits" : `${name} · inkdigits`);
      expect(document.activeElement).toBe(title());
    }
    await goTo("#/how");
    expect(await screen.findByRole("region", { name: "How it works" })).toBeTruthy();
    // One returns to what one has left.
    await goTo("#/inside?target=7");
    await userEvent.keyboard("t");
    expect(window.location.hash).toBe("#/train");
    expect(screen.getByRole("link", { name: "Inside" }).getAttribute("href")).toBe(
      "#/inside?target=7",
    );
    await userEvent.keyboard("ih");
    // The fragment of an element is not an address.
    await goTo("#result");
    expect(currentView()).toBe("How it works");
  });

  it("keep number mode and its address in step, and the focus where it is", async () => {
    openPage();
    const area = () => screen.getByRole("application");
    act(() => area().focus());
    await userEvent.keyboard("n");
    expect([currentView(), window.location.hash]).toEqual(["Number", "#/number"]);
    expect(area().getAttribute("aria-label")).toBe("Sheet for a number");
    // A number is always written freehand, so there is no mode to choose.
    expect(screen.queryByRole("radio", { name: "Freehand" })).toBeNull();
    await userEvent.keyboard("mn");
    expect([currentView(), window.location.hash]).toEqual(["Number", "#/number"]);
    await userEvent.keyboard("d");
    await waitFor(() => expect([currentView(), window.location.hash]).toEqual(["Draw", "#/"]));
    await userEvent.click(screen.getByRole("radio", { name: "Pixels" }));
    expect(area().getAttribute("aria-label")).toBe("Pixel grid");
    await userEvent.click(screen.getByRole("link", { name: "Number" }));
    expect(window.location.hash).toBe("#/number");
    await goTo("#/");
    expect(area().getAttribute("aria-label")).toBe("Pixel grid");
  });

  it("keep the drawing, and let no key change one that is not shown", async () => {
    openPage();
    await drawWithKeyboard();
    const pixels = drawnPixels();
    await userEvent.keyboard("h");
    await screen.findByRole("region", { name: "How it works" });
    await userEvent.keyboard("{Delete}");
    await userEvent.keyboard("i");
    await waitFor(() => expect(drawnPixels()).toBe(pixels));
    // Whole gestures are undone in this drawing area too.
    act(() => screen.getByRole("application").focus());
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft} {ArrowLeft}{ArrowLeft} ");
    expect(drawnPixels()).not.toBe(pixels);
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(drawnPixels()).toBe(pixels);
  });
});

describe("links", () => {
  const copied = async () => {
    const writeText = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await userEvent.click(screen.getByRole("button", { name: "Copy link" }));
    return new URL(String(writeText.mock.lastCall?.[0])).hash;
  };

  it("restore the drawing and the model; undo brings back what was drawn", async () => {
    const { MODEL, CLOTHES_MODEL } = fixtures;
    api.models = async () => ({ default: "m", models: [MODEL, CLOTHES_MODEL], profiles: false });
    openPage();
    const select = () => screen.getByRole<HTMLSelectElement>("combobox", { name: "Model" });
    await screen.findByRole("combobox", { name: "Model" });
    await userEvent.selectOptions(select(), "clothes");
    await drawWithKeyboard();
    const linked = drawnPixels();
    const link = await copied();
    expect(link).toMatch(/^#\/\?model=clothes&drawing=[\w-]+$/);

    await userEvent.selectOptions(select(), "m");
    await userEvent.click(screen.getByRole("button", { name: /^Clear/ }));
    await goTo(link);
    expect(drawnPixels()).toBe(linked);
    expect(message()).toBeUndefined();
    await waitFor(() => expect(select().value).toBe("clothes"));
    // The next stroke changes the drawing: it does not stay in the address.
    expect(window.location.hash).toBe("#/");

    act(() => screen.getByRole("application").focus());
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft} {ArrowLeft}{ArrowLeft} ");
    const own = drawnPixels();
    await goTo(link);
    expect(drawnPixels()).toBe(linked);
    expect(message()).toContain("has replaced yours");
    await userEvent.click(screen.getByTestId("link-message").querySelector("button") as Element);
    expect(drawnPixels()).toBe(own);
    expect(message()).toBeUndefined();
  });

  it("that are damaged change nothing, and say so", async () => {
    api.models = async () => fixtures.MODELS;
    openPage();
    await drawWithKeyboard();
    const [pixels, link] = [drawnPixels(), await copied()];
    await userEvent.keyboard("{Delete}");
    for (const damaged of [link.slice(0, -4), `${link}${"A".repeat(20_000)}`, "#/nowhere"]) {
      await goTo(damaged);
      expect(message()).toMatch(/^This link /);
      expect(drawnPixels()).toBe("");
      await userEvent.click(screen.getByRole("button", { name: "Close this message" }));
    }
    await goTo(link.replace("model=m", "model=gone"));
    await waitFor(() => expect(message()).toContain("“gone”, is not served here"));
    expect(drawnPixels()).toBe(pixels);
    expect(window.localStorage.getItem("inkdigits.model")).toBeNull();
  });

  it("have no image, and say so", async () => {
    const image = { name: "3.51", url: "data:image/png;base64,AAAA", size: [980, 252] };
    const history = { parts: [image], steps: [["a", [0]]], present: 0 };
    window.sessionStorage.setItem("inkdigits.number", JSON.stringify(history));
    api.models = async () => fixtures.MODELS;
    openPage("#/number");
    await screen.findByText("217,299 parameters");
    expect(await copied()).toBe("#/number?model=m");
    expect(message()).toContain("without the image");
  });
});
