import { describe, expect, it } from "vitest";
import { classifyContact, IDLE, PALM_PX, PEN_REST_MS, type PointerState } from "./pointers";

const contact = (type: string, rest = {}) => ({
  id: 2,
  type,
  width: 1,
  height: 1,
  time_ms: 10_000,
  ...rest,
});
const drawing = (type: string): PointerState => ({ ...IDLE, drawing: { id: 1, type } });

describe("admit", () => {
  it.each(["mouse", "touch", "pen"])("lets a %s draw", (type) => {
    expect(classifyContact(IDLE, contact(type))).toBe("draw");
  });
  it("ignores a second finger", () => {
    expect(classifyContact(drawing("touch"), contact("touch"))).toBe("ignore");
  });
  it("takes a pen in place of the palm that came down before it", () => {
    expect(classifyContact(drawing("touch"), contact("pen"))).toBe("replace");
  });
  it("ignores a finger while a pen draws", () => {
    expect(classifyContact(drawing("pen"), contact("touch"))).toBe("ignore");
  });
  it("ignores a finger for a while after a pen was seen", () => {
    const hand = { ...IDLE, pen_ms: 10_000 - PEN_REST_MS + 1 };
    expect(classifyContact(hand, contact("touch"))).toBe("ignore");
    expect(classifyContact({ ...hand, pen_ms: 10_000 - PEN_REST_MS }, contact("touch"))).toBe(
      "draw",
    );
    expect(classifyContact(hand, contact("mouse"))).toBe("draw");
  });
  it("ignores a touch as large as a palm", () => {
    expect(classifyContact(IDLE, contact("touch", { height: PALM_PX + 1 }))).toBe("ignore");
  });
});
