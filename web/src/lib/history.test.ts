import { describe, expect, it } from "vitest";
import { advance, begin, redo, undo } from "./history";

describe("history", () => {
  it("goes back and forth", () => {
    let history = advance(advance(begin("a"), "b"), "c");
    history = undo(undo(history));
    expect(history.present).toBe("a");
    expect(redo(history).present).toBe("b");
    expect(redo(redo(history)).present).toBe("c");
  });
  it("stays where it is at both ends", () => {
    const history = begin("a");
    expect(undo(history)).toBe(history);
    expect(redo(history)).toBe(history);
  });
  it("forgets what was undone when something new is done", () => {
    expect(redo(advance(undo(advance(begin("a"), "b")), "c")).present).toBe("c");
  });
  it("makes no step of the same state", () => {
    const history = begin("a");
    expect(advance(history, "a")).toBe(history);
  });
  it("makes one step of one gesture", () => {
    const history = advance(advance(advance(begin("a"), "b", 1), "c", 1), "d", 1);
    expect(undo(history).present).toBe("a");
  });
  it("makes two steps of two gestures", () => {
    expect(undo(advance(advance(begin("a"), "b", 1), "c", 2)).present).toBe("b");
  });
  it("does not go on with a gesture after an undo", () => {
    const history = undo(advance(advance(begin("a"), "b", 1), "c", 2));
    expect(undo(advance(history, "d", 1)).present).toBe("b");
  });
  it("keeps no more than two hundred steps", () => {
    let history = begin(0);
    for (let step = 1; step <= 300; step++) history = advance(history, step);
    expect(history.past).toHaveLength(200);
  });
});
