import { describe, expect, it } from "vitest";
import { createHistory, push, redo, undo } from "./history";

describe("history", () => {
  it("undoes and redoes", () => {
    let history = push(push(createHistory("a"), "b"), "c");
    history = undo(undo(history));
    expect(history.present).toBe("a");
    expect(redo(history).present).toBe("b");
    expect(redo(redo(history)).present).toBe("c");
  });
  it("does nothing at either end", () => {
    const history = createHistory("a");
    expect(undo(history)).toBe(history);
    expect(redo(history)).toBe(history);
  });
  it("drops undone states on a new change", () => {
    expect(redo(push(undo(push(createHistory("a"), "b")), "c")).present).toBe("c");
  });
  it("adds no step for an identical state", () => {
    const history = createHistory("a");
    expect(push(history, "a")).toBe(history);
  });
  it("adds one step for each gesture", () => {
    const history = push(push(push(createHistory("a"), "b", 1), "c", 1), "d", 1);
    expect(undo(history).present).toBe("a");
  });
  it("adds two steps for two gestures", () => {
    expect(undo(push(push(createHistory("a"), "b", 1), "c", 2)).present).toBe("b");
  });
  it("starts a new step after an undo, even for the same gesture", () => {
    const history = undo(push(push(createHistory("a"), "b", 1), "c", 2));
    expect(undo(push(history, "d", 1)).present).toBe("b");
  });
  it("keeps at most 200 steps", () => {
    let history = createHistory(0);
    for (let step = 1; step <= 300; step++) history = push(history, step);
    expect(history.past).toHaveLength(200);
  });
});
