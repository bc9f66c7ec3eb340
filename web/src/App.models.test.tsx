// @vitest-environment happy-dom

import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import * as fixtures from "../tests/fixtures";
import { api, drawWithKeyboard, heading, openPage, PREDICTION } from "../tests/page";
import { ApiError } from "./lib/api/errors";

describe("the models", () => {
  const { MODEL, CLOTHES_MODEL, CLOTHES_PREDICTION } = fixtures;
  const select = () => screen.findByRole("combobox", { name: "Model" });
  beforeEach(() => {
    api.models = async () => ({ default: "m", models: [MODEL, CLOTHES_MODEL], profiles: false });
    api.predict = async (_, model) => (model === "clothes" ? CLOTHES_PREDICTION : PREDICTION);
  });

  it("remembers the chosen model", async () => {
    const { unmount } = openPage();
    await userEvent.selectOptions(await select(), "clothes");
    unmount();
    openPage();
    expect(((await select()) as HTMLSelectElement).value).toBe("clothes");
    await drawWithKeyboard();
    await waitFor(() => expect(screen.getByTestId("result-label").textContent).toBe("Coat"));
    expect(api.requestedModels.at(-1)).toBe("clothes");
  });

  it("uses the default if the chosen model is not served any more", async () => {
    window.localStorage.setItem("inkdigits.model", '"gone"');
    openPage();
    expect(((await select()) as HTMLSelectElement).value).toBe("m");
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(api.requestedModels.at(-1)).toBeNull();
  });

  it("uses the default if the API does not know the chosen model, without a list", async () => {
    window.localStorage.setItem("inkdigits.model", '"gone"');
    api.models = () => new Promise(() => undefined);
    api.predict = async (_, model) => {
      if (model !== null) throw new ApiError({ kind: "http_error", status: 404, detail: "" });
      return PREDICTION;
    };
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("Very likely"));
    expect(window.localStorage.getItem("inkdigits.model")).toBeNull();
  });

  it("shows, announces and keeps the answers of a model of other classes", async () => {
    api.predict = async () => ({ ...CLOTHES_PREDICTION, seen: fixtures.SEEN });
    api.models = async () => ({ default: "clothes", models: [CLOTHES_MODEL], profiles: false });
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
    await userEvent.click(screen.getByRole("link", { name: "How it works" }));
    const how = (await screen.findByRole("region", { name: "How it works" })).textContent;
    expect(how).toContain("7 classes: T-shirt/top, Trouser");
    expect(how).not.toContain("for each digit");
  });

  it("loads the list of models again if a prediction is of one that is not in it", async () => {
    let updated = { ...CLOTHES_MODEL, digest: "2".repeat(64), class_names: ["A", "B"] };
    api.models = async () => ({ default: "clothes", models: [updated], profiles: false });
    openPage();
    await screen.findByText("Draw one of these: A or B.");
    updated = CLOTHES_MODEL;
    api.predict = async () => CLOTHES_PREDICTION;
    await drawWithKeyboard();
    await waitFor(() => expect(screen.getByText("Trouser")).toBeTruthy());
  });
});
