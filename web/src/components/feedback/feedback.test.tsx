// @vitest-environment happy-dom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CHANGE, PROFILE } from "../../../tests/profiles";
import { profileApi } from "../../hooks/useTeaching";
import { ApiError } from "../../lib/api/errors";
import { saveToken, setUsed } from "../../lib/profiles/token";
import DigitFeedback from "./DigitFeedback";
import NumberFeedback from "./NumberFeedback";

afterEach(() => {
  cleanup();
  window.localStorage.clear();
});

const BODY = { image: "data:image/png;base64,AAAA" };

function ask(digit: number | null, confidence: number) {
  const client = new QueryClient();
  const predicted = vi.spyOn(client, "invalidateQueries");
  render(
    <QueryClientProvider client={client}>
      <DigitFeedback digit={digit} confidence={confidence} body={() => BODY} model="mlp">
        <p>the answer</p>
      </DigitFeedback>
    </QueryClientProvider>,
  );
  return predicted;
}

function askNumber() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <NumberFeedback text="361" body={() => BODY} model={null}>
        <p>the answer</p>
      </NumberFeedback>
    </QueryClientProvider>,
  );
}

const turnOn = () => saveToken("t".repeat(40));
const correct = () => vi.spyOn(profileApi(), "correct").mockResolvedValue(CHANGE);
const click = (name: string) => userEvent.click(screen.getByRole("button", { name }));
const message = () => screen.getByRole("status").textContent;

describe("without a profile, nothing is kept", () => {
  it("after No, it says where to turn it on", async () => {
    const sent = correct();
    ask(9, 0.6);
    await click("No");
    expect(message()).toBe("Nothing was kept. To teach it your digits, turn on My handwriting.");
    expect(screen.getByRole("link").getAttribute("href")).toBe("#/handwriting");
    expect(sent).not.toHaveBeenCalled();
  });

  it("nor if its use is turned off", async () => {
    saveToken("t".repeat(40));
    setUsed(false);
    const sent = correct();
    ask(9, 0.6);
    await click("No");
    expect(message()).toContain("Nothing was kept.");
    expect(sent).not.toHaveBeenCalled();
  });

  it("nor after Yes, nor of what is rejected, nor of a number", async () => {
    const sent = correct();
    ask(9, 0.6);
    await click("Yes");
    expect(message()).toBe("Thank you. Nothing was kept.");
    cleanup();
    ask(null, 0.6);
    await click("It is a digit");
    expect(message()).toContain("Nothing was kept.");
    cleanup();
    askNumber();
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByRole("link").getAttribute("href")).toBe("#/handwriting");
    expect(sent).not.toHaveBeenCalled();
  });
});

describe("with a profile", () => {
  it("a correction is sent, what is shown is predicted again, and Undo removes the sample", async () => {
    turnOn();
    const sent = correct();
    const removed = vi.spyOn(profileApi(), "removeSample").mockResolvedValue(PROFILE);
    const predicted = ask(9, 0.6);
    expect(screen.getByText("the answer")).toBeTruthy();
    await click("No");
    await click("four");
    await waitFor(() =>
      expect(message()).toBe("Kept as a sample of your 4. Before: 9 (80.0%). Now: 4 (97.0%). "),
    );
    expect(sent.mock.calls).toEqual([[{ ...BODY, text: "4", kind: "digit" }, "mlp"]]);
    expect(predicted).toHaveBeenCalledOnce();
    await click("Undo teaching");
    await waitFor(() => expect(message()).toBe("Undone. Nothing of it is kept."));
    expect(removed.mock.calls).toEqual([[CHANGE.samples[0]?.id]]);
    expect(predicted).toHaveBeenCalledTimes(2);
  });

  it("digit keys choose, apart from the one that it is not, and Escape cancels", async () => {
    turnOn();
    const sent = correct();
    ask(9, 0.6);
    await click("No");
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "zero" }));
    await userEvent.keyboard("9");
    expect(sent).not.toHaveBeenCalled();
    await userEvent.keyboard("{Escape}");
    expect(screen.getByText("the answer")).toBeTruthy();
    await click("No");
    await userEvent.keyboard("4");
    await waitFor(() => expect(message()).toContain("Kept as a sample of your 4."));
  });

  it("a rejected digit can be any of the ten", async () => {
    turnOn();
    const sent = correct();
    ask(null, 0.6);
    await click("It is a digit");
    expect(screen.getAllByRole("button", { name: /^(zero|one|nine)$/ })).toHaveLength(3);
    await click("one");
    expect(sent.mock.calls[0]?.[0]).toMatchObject({ text: "1", kind: "digit" });
  });

  it("a confirmed answer is a sample only if it was unsure", async () => {
    turnOn();
    const sent = correct();
    ask(4, 0.98);
    await click("Yes");
    await waitFor(() => expect(message()).toContain("Kept as a sample of your 4."));
    cleanup();
    ask(4, 0.99);
    await click("Yes");
    expect(message()).toBe("Thank you. It was sure already, so nothing was kept.");
    expect(sent).toHaveBeenCalledOnce();
  });

  it("says in one sentence why nothing was changed", async () => {
    turnOn();
    vi.spyOn(profileApi(), "correct").mockRejectedValue(
      new ApiError({ kind: "http_error", status: 409, detail: "The profile is full." }),
    );
    const predicted = ask(9, 0.6);
    await click("No");
    await click("four");
    await waitFor(() => expect(message()).toBe("Nothing was changed. The profile is full."));
    expect(predicted).not.toHaveBeenCalled();
    expect(screen.queryByRole("button", { name: "Undo teaching" })).toBeNull();
  });

  it("a corrected number is sent when one asks for it, and undone as one change", async () => {
    turnOn();
    const samples = [3, 6, 1].map((label) => ({
      id: String(label).repeat(32),
      label,
      before: { digit: label === 6 ? 5 : label, confidence: 0.8 },
      after: { digit: label, confidence: 0.9 },
    }));
    const sent = correct().mockResolvedValue({ ...CHANGE, samples });
    const undone = vi.spyOn(profileApi(), "undo").mockResolvedValue(PROFILE);
    const removed = vi.spyOn(profileApi(), "removeSample").mockResolvedValue(PROFILE);
    const current = vi.spyOn(profileApi(), "profile").mockResolvedValue(PROFILE);
    askNumber();
    expect(sent).not.toHaveBeenCalled();
    await click("Teach it this");
    await waitFor(() => expect(message()).toContain("Before: 351. Now: 361."));
    expect(sent.mock.calls).toEqual([[{ ...BODY, text: "361", kind: "number" }, null]]);
    await click("Undo teaching");
    await waitFor(() => expect(message()).toContain("Undone."));
    expect(undone).toHaveBeenCalledOnce();
    expect(removed).not.toHaveBeenCalled();
    cleanup();
    // Another device has added samples since: only these are removed.
    current.mockResolvedValue({ ...PROFILE, version: PROFILE.version + 1 });
    askNumber();
    await click("Teach it this");
    await waitFor(() => expect(message()).toContain("Before: 351. Now: 361."));
    await click("Undo teaching");
    await waitFor(() => expect(message()).toContain("Undone."));
    expect(undone).toHaveBeenCalledOnce();
    expect(removed.mock.calls.flat()).toEqual(samples.map(({ id }) => id));
  });
});
