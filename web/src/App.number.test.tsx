// @vitest-environment happy-dom

import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as fixtures from "../tests/fixtures";
import { api, drawWithKeyboard, heading, openPage, PREDICTION } from "../tests/page";
import { ApiError } from "./lib/api/errors";

const SLOWLY = { timeout: 4000 };

/** Open the page in number mode with an image, which does not need a canvas. */
async function openNumber(shown = "3.51") {
  const image = { name: "3.51", url: "data:image/png;base64,AAAA", size: [980, 252] };
  const history = { parts: [image], steps: [["a", [0]]], present: 0 };
  window.sessionStorage.setItem("inkdigits.number", JSON.stringify(history));
  const page = openPage("#/number");
  await waitFor(() => expect(number()).toBe(shown), SLOWLY);
  return page;
}

const number = () => screen.getByTestId("number").textContent;
const digit = (index: number) =>
  within(screen.getByTestId("digits")).getAllByRole("radio")[index] as HTMLInputElement;
const caption = () => screen.getByTestId("digit-caption").textContent;

describe("number mode", () => {
  it("shows the number, its digits, and the probabilities of the least sure one", async () => {
    await openNumber();
    expect(heading()).toBe("Very likely");
    expect(screen.getByText("93.0% for 3.51")).toBeTruthy();
    expect(screen.getByTestId("boxes").children).toHaveLength(3);
    expect(caption()).toBe("Digit 2 of 3, the least sure");
    expect(screen.getByTestId("bar-5").style.transform).toBe("scaleX(0.8)");
    await userEvent.click(digit(0));
    expect(caption()).toBe("Digit 1 of 3");
    expect(digit(0).getAttribute("aria-label")).toBe("Digit 1 of 3: three, 99.0%");
  });

  it("corrects a digit by key or by click, and takes that back", async () => {
    await openNumber();
    digit(1).focus();
    await userEvent.keyboard("6");
    expect(number()).toBe("3.61");
    expect(heading()).toBe("Corrected by you");
    expect(digit(1).getAttribute("aria-label")).toBe("Digit 2 of 3: six, corrected by you");
    expect(caption()).toBe("Digit 2 of 3, corrected by you");
    await userEvent.keyboard("{Backspace}");
    expect(number()).toBe("3.51");
    await userEvent.click(screen.getByRole("button", { name: "Change to eight" }));
    expect(number()).toBe("3.81");
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(number()).toBe("3.51");
    await userEvent.keyboard("{Control>}y{/Control}");
    expect(number()).toBe("3.81");
    await userEvent.click(screen.getByRole("button", { name: "Undo corrections" }));
    expect(number()).toBe("3.51");
    // The drawing itself was sent once.
    expect(api.requests).toHaveLength(1);
  });

  it("replaces the text by a candidate", async () => {
    await openNumber();
    await userEvent.click(screen.getByRole("button", { name: "Choose 3511" }));
    expect(number()).toBe("3511");
    expect(screen.queryByTestId("boxes")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Choose 361" }));
    expect(number()).toBe("3.61");
    await userEvent.click(screen.getByRole("button", { name: "Choose 351" }));
    expect(heading()).toBe("Very likely");
  });

  it("copies the corrected number, with or without separators", async () => {
    const writeText = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await openNumber();
    digit(2).focus();
    await userEvent.keyboard("7c");
    expect(writeText).toHaveBeenLastCalledWith("3.57");
    await userEvent.click(screen.getByRole("switch", { name: "Separators" }));
    await userEvent.click(within(screen.getByRole("main")).getByRole("button", { name: /^Cop/ }));
    expect(writeText).toHaveBeenLastCalledWith("357");
  });

  it("keeps corrections after a reload, apart from the digit's drawing", async () => {
    const { unmount } = await openNumber();
    digit(0).focus();
    await userEvent.keyboard("9");
    unmount();
    openPage("#/number");
    await waitFor(() => expect(number()).toBe("9.51"), SLOWLY);
    await userEvent.keyboard("d");
    await waitFor(() => expect(heading()).toBe("No digit yet"));
  });

  it("shows at its field why a constraint is not valid", async () => {
    const detail = 'The field "length" should be less than or equal to 20.';
    api.recognizeNumber = async ({ length }) => {
      if (length !== 40) return fixtures.NUMBER;
      throw new ApiError({ kind: "http_error", status: 422, detail });
    };
    await openNumber();
    const field = screen.getByLabelText("Length");
    await userEvent.type(field, "40");
    await screen.findByText(detail, {}, SLOWLY);
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(field.closest("details")?.open).toBe(true);
    expect(screen.queryByTestId("notice")).toBeNull();
    expect(heading()).toBe("A constraint is not valid");
    await userEvent.click(screen.getByRole("button", { name: "Clear constraints" }));
    await waitFor(() => expect(heading()).toBe("Very likely"), SLOWLY);
    expect(screen.queryByText(detail)).toBeNull();
  });

  it("says what does not look like a number, and lets a person choose", async () => {
    api.recognizeNumber = async () => ({ ...fixtures.NUMBER, text: null, reason: "not_a_number" });
    await openNumber("–No number");
    await waitFor(() => expect(heading()).toBe("This does not look like a number"), SLOWLY);
    expect(screen.getByText("If it is one, most likely 3.51.")).toBeTruthy();
    expect(number()).toBe("–No number");
    await userEvent.click(screen.getByRole("button", { name: "Choose 361" }));
    expect(number()).toBe("3.61");
  });

  it("announces the digits one by one", async () => {
    await openNumber();
    await waitFor(
      () =>
        expect(screen.getByTestId("announcer").textContent).toBe(
          "Number: three point five one. Very likely, 93.0%.",
        ),
      { timeout: 4000 },
    );
  });

  it("is offered for a drawing that is not a digit but may be a number", async () => {
    const rejected = { ...PREDICTION, digit: null, label: null, reason: "not_a_digit" as const };
    api.predict = async () => rejected;
    openPage();
    await drawWithKeyboard();
    await waitFor(() => expect(heading()).toBe("This does not look like a digit"));
    expect(screen.queryByRole("button", { name: "Read it as a number" })).toBeNull();
    api.predict = async () => ({ ...rejected, may_be_number: true });
    await drawWithKeyboard();
    expect(await screen.findByRole("button", { name: "Read it as a number" })).toBeTruthy();
  });
});
