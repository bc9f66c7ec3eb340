// @vitest-environment happy-dom

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MODEL, MODELS, PREDICTION, SEEN } from "../../../tests/fixtures";
import { CHANGE, PROFILE } from "../../../tests/profiles";
import { PAUSE_MS } from "../../hooks/useGame";
import { profileApi } from "../../hooks/useTeaching";
import type { Prediction } from "../../lib/api/client";
import { ApiError } from "../../lib/api/errors";
import { saveToken } from "../../lib/profiles/token";
import GameView from "../../views/GameView";
import type { ViewProps } from "../../views/viewProps";

// The simulated browser has no canvas.
vi.mock("../../lib/render", () => ({ strokesToPng: () => "data:image/png;base64,AAAA" }));

/** Takes everything for a 7, with 93%; a 1 has 5%, and a 9 has 2%. */
const SEVEN: Prediction = { ...PREDICTION, seen: SEEN };

let predict: ReturnType<typeof vi.fn<() => Promise<Prediction>>>;
let now_ms: number;

beforeEach(() => {
  vi.useFakeTimers();
  predict = vi.fn(async () => SEVEN);
  now_ms = 0;
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  window.localStorage.clear();
});

function openGame({ profiles = false, model = MODEL, seed = "1" } = {}) {
  const props = {
    api: { predict },
    models: { requested: null, list: { ...MODELS, profiles } },
    model,
    request: null,
    address: { view: "game", parameters: { seed } },
    navigate: () => undefined,
  } as unknown as ViewProps;
  return render(
    <QueryClientProvider client={new QueryClient()}>
      <GameView {...props} now={() => now_ms} />
    </QueryClientProvider>,
  );
}

const click = (name: string | RegExp) =>
  act(async () => fireEvent.click(screen.getByRole("button", { name })));
const sheet = () => screen.getByRole("application");
const press = (key: string) => act(async () => fireEvent.keyDown(sheet(), { key }));
const wait = (time_ms: number) => act(() => vi.advanceTimersByTimeAsync(time_ms));
const asked = () => Number(screen.getByTestId("game-question").dataset.digit);
const answer = () => screen.getByTestId("game-answer").textContent;
const announced = () => screen.getByTestId("game-announcer").textContent;

async function drawByKeyboard() {
  for (const key of [" ", " "]) await press(key);
}

async function drawByMouse() {
  const pointer = { pointerId: 1, pointerType: "mouse", button: 0 };
  sheet().setPointerCapture = () => undefined;
  await act(async () => fireEvent.pointerDown(sheet(), pointer));
  await act(async () => fireEvent.pointerMove(sheet(), { ...pointer, clientX: 40, clientY: 90 }));
  await act(async () => fireEvent.pointerUp(sheet(), pointer));
}

/** Answer digits with the keyboard, a second each. Returns the digits in their order. */
async function play(count = 10) {
  const digits: number[] = [];
  for (let place = 0; place < count; place++) {
    digits.push(asked());
    now_ms += 1000;
    await drawByKeyboard();
    await press("Enter");
    await wait(0);
    await press("Enter");
  }
  return digits;
}

describe("the game", () => {
  it("asks for ten digits, and ends with the score and the hardest digits", async () => {
    openGame();
    await click("Play");
    expect(document.activeElement).toBe(sheet());
    const digits = await play();
    expect(digits.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(predict).toHaveBeenCalledTimes(10);
    const score = screen.getByTestId("game-score");
    expect(score.textContent).toBe("1 of 10 in 10.0 s");
    expect(document.activeElement).toBe(score);
    const hardest = within(screen.getByRole("region", { name: "The hardest for the network" }));
    // All but 1, 7 and 9 have no probability: the first of them that were asked for.
    const others = digits.filter((digit) => ![1, 7, 9].includes(digit));
    expect(hardest.getAllByRole("listitem").map((item) => item.dataset.testid)).toEqual(
      others.slice(0, 3).map((digit) => `game-answer-${digit}`),
    );
    expect(hardest.getAllByRole("img")[0]?.getAttribute("src")).toBe(SEEN);
    expect(screen.getByTestId("game-answer-1").textContent).toBe(" Your 1taken for a 75.0% for 1");
    expect(screen.getByTestId("game-answer-7").textContent).toBe(" Your 7recognized93.0% for 7");
  });

  it("asks in the order of the seed in the address", async () => {
    const first = async (seed: string) => {
      openGame({ seed });
      await click("Play");
      const digits = await play(3);
      cleanup();
      return digits;
    };
    expect(await first("1")).toEqual(await first("1"));
    expect(await first("2")).not.toEqual(await first("1"));
  });

  it("goes on by itself after a pause, unless that is turned off", async () => {
    openGame();
    await click("Play");
    await drawByMouse();
    await wait(PAUSE_MS - 1);
    expect(predict).not.toHaveBeenCalled();
    await wait(1);
    await wait(0);
    expect(answer()).toContain("93.0% for 7");
    const first = asked();
    await wait(3000);
    expect(asked()).not.toBe(first);
    cleanup();
    openGame();
    await act(async () => fireEvent.click(screen.getByLabelText("Go on by itself after a pause")));
    await click("Play");
    await drawByMouse();
    await wait(10_000);
    expect(predict).toHaveBeenCalledOnce();
    await click("Done");
    await wait(10_000);
    expect(predict).toHaveBeenCalledTimes(2);
    expect(screen.getByRole("button", { name: "Next" })).toBeTruthy();
  });

  it("never goes on by itself while one draws, or with the keyboard", async () => {
    openGame();
    await click("Play");
    await drawByMouse();
    await wait(PAUSE_MS - 1);
    await act(async () =>
      fireEvent.pointerDown(sheet(), { pointerId: 2, pointerType: "mouse", button: 0 }),
    );
    await wait(10_000);
    expect(predict).not.toHaveBeenCalled();
    cleanup();
    openGame();
    await click("Play");
    await drawByKeyboard();
    await wait(10_000);
    expect(predict).not.toHaveBeenCalled();
  });

  it("sends the stroke that Enter ends", async () => {
    openGame();
    await click("Play");
    await press("Enter");
    expect(predict).not.toHaveBeenCalled();
    await press(" ");
    await press("ArrowDown");
    await press("Enter");
    await wait(0);
    expect(predict).toHaveBeenCalledOnce();
  });

  it("announces the question and the answer", async () => {
    openGame();
    await click("Play");
    expect(announced()).toMatch(/^Write \w+, 1 of 10\.$/);
    await drawByKeyboard();
    expect(announced()).toMatch(/^Pen up at column/);
    await press("Enter");
    await wait(0);
    expect(announced()).toMatch(/^(Right: seven|It took your \w+ for a seven)\.$/);
    await press("Enter");
    expect(announced()).toMatch(/^Write \w+, 2 of 10\.$/);
  });

  it("keeps the drawing if the server is away, and sends it again", async () => {
    predict.mockRejectedValueOnce(new ApiError({ kind: "unreachable" }));
    openGame();
    await click("Play");
    await drawByKeyboard();
    await press("Enter");
    await wait(0);
    expect(screen.getByTestId("notice").textContent).toContain("Can't reach the server.");
    await wait(1000);
    expect(answer()).toContain("93.0% for 7");
  });

  it("does not count what is blank", async () => {
    predict.mockResolvedValueOnce({ ...SEVEN, digit: null, label: null, reason: "blank" });
    openGame();
    await click("Play");
    const first = asked();
    await drawByKeyboard();
    await press("Enter");
    await wait(0);
    expect(answer()).toContain("There is no ink to read");
    await click(/Clear/);
    await drawByKeyboard();
    await press("Enter");
    await wait(0);
    expect(asked()).toBe(first);
    expect(answer()).toContain("93.0% for 7");
  });

  it("says that a model of other classes cannot play", () => {
    openGame({ model: { ...MODEL, class_names: ["Coat", "Shirt"] } });
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByText(/This model does not recognize digits\./)).toBeTruthy();
  });
});

describe("the best score", () => {
  it("is kept on this device until it is cleared", async () => {
    openGame();
    await click("Play");
    await play();
    expect(screen.getByText("This is your best score.")).toBeTruthy();
    cleanup();
    openGame();
    expect(screen.getByText(/^Best score: 1 of 10 in 10\.0 s/)).toBeTruthy();
    await click("Clear it");
    expect(screen.queryByText(/^Best score/)).toBeNull();
    expect(window.localStorage.getItem("inkdigits.game-best")).toBeNull();
  });

  it("is not kept if one does not want that, and is deleted then", async () => {
    openGame();
    await click("Play");
    await play();
    const keep = screen.getByLabelText("Keep my best score on this device");
    await act(async () => fireEvent.click(keep));
    expect(window.localStorage.getItem("inkdigits.game-best")).toBeNull();
    await click("Play again");
    await play();
    expect(screen.queryByText("This is your best score.")).toBeNull();
    expect(window.localStorage.getItem("inkdigits.game-best")).toBeNull();
  });
});

describe("teaching the digits of a round", () => {
  async function playWith(profiles: boolean) {
    openGame({ profiles });
    await click("Play");
    return play();
  }

  it("is not offered by a server without a database", async () => {
    await playWith(false);
    expect(screen.queryByText("Teach it these")).toBeNull();
  });

  it("without a profile, leads to My handwriting", async () => {
    await playWith(true);
    const link = screen.getByRole("link", { name: "My handwriting" });
    expect(link.getAttribute("href")).toBe("#/handwriting");
    expect(screen.queryByRole("button", { name: "Teach it these" })).toBeNull();
  });

  it("sends only what was confirmed, and takes it back", async () => {
    saveToken("t".repeat(40));
    const add = vi.spyOn(profileApi(), "add").mockResolvedValue(CHANGE);
    const remove = vi.spyOn(profileApi(), "removeSample").mockResolvedValue(PROFILE);
    const digits = await playWith(true);
    await click("Teach it these");
    expect(add).not.toHaveBeenCalled();
    await act(async () => fireEvent.click(screen.getByLabelText("Your three")));
    await click("Keep 9 samples");
    expect(add.mock.calls[0]?.[0]).toEqual(
      digits
        .filter((digit) => digit !== 3)
        .map((label) => ({ image: "data:image/png;base64,AAAA", label, source: "drawn" })),
    );
    expect(screen.getByText(/Before: 0 of 1 right\. Now: 1 of 1\./)).toBeTruthy();
    await click("Undo teaching");
    expect(screen.getByText("Undone.")).toBeTruthy();
    expect(remove).toHaveBeenCalledOnce();
  });
});
