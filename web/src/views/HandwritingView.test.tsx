// @vitest-environment happy-dom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOTHES_MODEL, MODEL, MODELS } from "../../tests/fixtures";
import { FakeProfiles, problem, SEEN_PREDICTION } from "../../tests/handwriting";
import type { Model } from "../lib/api/client";
import { type PendingDigit, savePending } from "../lib/handwriting/pending";
import { loadToken, saveToken } from "../lib/profiles/token";
import HandwritingView from "./HandwritingView";

// Each key press renders the view: on a busy computer, a test takes seconds.
vi.setConfig({ testTimeout: 20_000 });

let server: FakeProfiles;

beforeEach(() => {
  server = new FakeProfiles();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  window.localStorage.clear();
  window.sessionStorage.clear();
});

interface Options {
  readonly profiles?: boolean;
  readonly model?: Model;
  readonly on?: boolean;
}

function open({ profiles = true, model = MODEL, on = true }: Options = {}) {
  if (on) {
    server.token = "t".repeat(43);
    saveToken(server.token);
  }
  const unused = () => Promise.reject(new Error("unused"));
  const list = { ...MODELS, profiles };
  return render(
    <QueryClientProvider client={new QueryClient()}>
      <HandwritingView
        api={{
          predict: async () => SEEN_PREDICTION,
          recognizeNumber: unused,
          explain: unused,
          models: unused,
        }}
        models={{
          list,
          invalid: false,
          requested: null,
          name: model.name,
          current: model,
          choose: () => undefined,
          refetch: unused,
        }}
        model={model}
        request={null}
        address={{ view: "handwriting", parameters: {} }}
        navigate={() => undefined}
      />
    </QueryClientProvider>,
  );
}

const button = (name: string | RegExp) => screen.findByRole("button", { name });
const press = async (name: string | RegExp) => userEvent.click(await button(name));
const requested = () => screen.getByRole("application").getAttribute("aria-label");
const posts = () => server.calls.filter((call) => call === "POST profile/samples").length;
const STROKES: PendingDigit["strokes"] = [{ points: [[1, 2, 0.5]], width: 16, hasPressure: false }];
const SAMPLE = { label: 4, strokes: [{ points: [[1, 2]], width: 16 }] };

/** Write strokes with the keyboard, and go on. */
async function write(count: number) {
  for (let index = 0; index < count; index += 1) {
    act(() => screen.getByRole("application").focus());
    await userEvent.keyboard(" {ArrowDown}{ArrowRight} {Enter}");
  }
}

describe("until it is turned on", () => {
  it("keeps nothing, and turns on only with consent", async () => {
    open({ on: false });
    expect(await screen.findByText("It keeps.")).toBeTruthy();
    await press("Turn on my handwriting");
    expect(server.calls).toEqual(["GET profiles/consent"]);
    await userEvent.click(screen.getByRole("checkbox"));
    await press("Turn on my handwriting");
    expect(await button("Start writing")).toBeTruthy();
    expect(loadToken()).toBe(server.token);
  });
  it("says how to get a database if there is none", () => {
    open({ on: false, profiles: false });
    expect(screen.getByText(/started without a database/)).toBeTruthy();
    expect(server.calls).toEqual([]);
  });
  it("takes a token that was copied elsewhere", async () => {
    server.token = "e".repeat(43);
    server.add([SAMPLE]);
    open({ on: false });
    const field = await screen.findByLabelText(/paste the token/);
    await userEvent.type(field, "short");
    await press("Use this token");
    expect(screen.getByRole("alert").textContent).toContain("This is not a token");
    fireEvent.change(field, { target: { value: server.token } });
    await press("Use this token");
    expect(await screen.findByText("1 sample, version 1")).toBeTruthy();
  });
});

describe("guided writing", () => {
  it("learns a round, and shows its effect", async () => {
    // Of the first round, only three are left.
    server.add([3, 4, 5, 6, 7, 8, 9].map((label) => ({ ...SAMPLE, label })));
    open();
    await press("Go on with round 1 of 5");
    expect(requested()).toBe("Drawing area. Write a 0");
    await press(/^Next/);
    await write(2);
    await press("Redo the last one");
    expect(requested()).toBe("Drawing area. Write a 1");
    await press("Skip");
    await write(1);
    expect(await screen.findByText(/^Of these 2 digits, 0 were right before, and/)).toBeTruthy();
    expect(document.activeElement?.textContent).toBe("Learned");
    expect(await screen.findByText(/^Of your 9 samples/)).toBeTruthy();
    expect(server.profile.by_digit).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(posts()).toBe(1);
    expect(await button("Go on with round 2 of 5")).toBeTruthy();
  });

  it("keeps what was written through a reload, a failure and a lost response", async () => {
    const { unmount } = open();
    await press("Start writing");
    await write(2);
    unmount();
    open();
    expect(await screen.findByText(/^2 digits of yours are not learned yet/)).toBeTruthy();
    server.instead = (call) =>
      call === "POST profile/samples" ? problem(500, "The disk is full.") : undefined;
    await press("Learn 2 digits now");
    expect((await screen.findByRole("alert")).textContent).toContain("The disk is full.");
    // The samples arrive, and the response does not: they are not sent again.
    let lost = false;
    server.instead = async (call, request) => {
      if (call !== "POST profile/samples" || lost) return undefined;
      lost = true;
      server.add((await request.json()).samples);
      throw new TypeError("failed to fetch");
    };
    await press("Try again");
    expect(await screen.findByText("2 samples, version 1", {}, { timeout: 3000 })).toBeTruthy();
    expect([posts(), server.samples.length]).toEqual([2, 2]);
    expect(window.sessionStorage.getItem("inkdigits.handwriting-pending")).toBeNull();
  });

  it("learns after a reload too, with the focus on its effect", async () => {
    savePending([{ id: "a", label: 4, strokes: STROKES, seen: null }]);
    open();
    await press("Learn 1 digit now");
    expect(await screen.findByText("1 sample, version 1")).toBeTruthy();
    expect(document.activeElement?.textContent).toBe("Learned");
  });

  it("is not offered for a model of other classes", async () => {
    open({ model: CLOTHES_MODEL });
    expect(await screen.findByText(/clothes does not recognize digits/)).toBeTruthy();
  });
});

describe("the samples", () => {
  it("are deleted, brought back, and the last addition is undone", async () => {
    server.add([SAMPLE, { ...SAMPLE, label: 7 }]);
    open();
    await press("Delete: 4, number 1 of 1, drawn");
    expect(await screen.findByText("A sample of 4 is deleted.")).toBeTruthy();
    expect(server.profile.by_digit[4]).toBe(0);
    await press("Bring it back");
    await waitFor(() => expect(server.samples.at(-1)?.strokes).toEqual(SAMPLE.strokes));
    // On another device, it was deleted meanwhile: that is what was wanted.
    await button(/^Delete: 4/);
    server.remove(server.samples.at(-1)?.id ?? "");
    await press(/^Delete: 4/);
    await waitFor(() => expect(screen.queryByRole("button", { name: /^Delete: 4/ })).toBeNull());
    expect(screen.queryByRole("alert")).toBeNull();
    await press("Undo the last addition");
    expect(await screen.findByText("No samples yet")).toBeTruthy();
  });
});

describe("devices and files", () => {
  const question = async () => within(await screen.findByRole("dialog", { hidden: true }));
  const answer = async (name: string) =>
    userEvent.click((await question()).getByRole("button", { name, hidden: true }));
  beforeEach(() => {
    HTMLDialogElement.prototype.showModal ??= () => undefined;
  });

  it("says that the token is not valid any more, and that a version came about elsewhere", async () => {
    open();
    await button("Start writing");
    server.add([SAMPLE]);
    act(() => void fireEvent(window, new Event("visibilitychange")));
    expect(await screen.findByText(/on another device: this is now version 1/)).toBeTruthy();
    server.token = "x".repeat(43);
    act(() => void fireEvent(window, new Event("visibilitychange")));
    expect((await screen.findByRole("alert")).textContent).toContain("token is not valid any more");
  });

  it("keeps its token if another one that is pasted is wrong, and shows why", async () => {
    // New browsers return a promise.
    const scrolled = vi
      .spyOn(HTMLElement.prototype, "scrollIntoView")
      .mockReturnValue(Promise.resolve() as never);
    open();
    await userEvent.click(await screen.findByText("Use another profile in this browser"));
    const field = screen.getByLabelText(/paste the token/);
    fireEvent.change(field, { target: { value: "w".repeat(43) } });
    await press("Use this token");
    expect((await screen.findByRole("alert")).textContent).toContain("does not know this token");
    expect(scrolled.mock.contexts).toContain(screen.getByRole("alert"));
    expect(loadToken()).toBe(server.token);
    fireEvent.change(field, { target: { value: server.token } });
    await press("Use this token");
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
    expect(await button("Start writing")).toBeTruthy();
  });

  it("replaces the token, imports a file, and deletes everything", async () => {
    server.add([SAMPLE]);
    open();
    await press("New token…");
    await answer("New token");
    await waitFor(() => expect(loadToken()).toBe("r".repeat(43)));
    await waitFor(() => expect(screen.queryByRole("dialog", { hidden: true })).toBeNull());
    const file = new File(['{"format": "inkdigits-profile"}'], "a.profile.json");
    await userEvent.upload(screen.getByTestId("profile-file"), file, { applyAccept: false });
    await answer("Import");
    await waitFor(() => expect(loadToken()).toBe("n".repeat(43)));
    await waitFor(() => expect(screen.queryByRole("dialog", { hidden: true })).toBeNull());
    await press("Delete everything…");
    await answer("Delete everything");
    expect(
      await screen.findByText("Your handwriting is deleted.", { selector: "strong" }),
    ).toBeTruthy();
    expect(loadToken()).toBeUndefined();
    expect(server.samples).toEqual([]);
  });

  it("is used or not used in this browser", async () => {
    open();
    const used = await screen.findByRole("switch");
    expect((used as HTMLInputElement).checked).toBe(true);
    await userEvent.click(used);
    expect(window.localStorage.getItem("inkdigits.profile-off")).toBe("true");
  });
});
