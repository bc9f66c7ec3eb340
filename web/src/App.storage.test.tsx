// @vitest-environment happy-dom

import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as fixtures from "../tests/fixtures";
import { drawnPixels, drawWithKeyboard, openPage } from "../tests/page";

describe("what the browser stores", () => {
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
});
