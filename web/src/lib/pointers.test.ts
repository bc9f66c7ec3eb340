import { describe, expect, it } from "vitest";
import { classifyContact, IDLE, PALM_PX, PEN_TIMEOUT_MS, type PointerState } from "./pointers";

const contact = (type: string, rest = {}) => ({
  id: 2,
  type,
  width: 1,
  height: 1,
  time_ms: 10_000,
  ...rest,
});
const drawing = (type: string): PointerState => ({ ...IDLE, active: { id: 1, type } });

describe("classifyContact", () => {
  it.each(["mouse", "touch", "pen"])("lets a %s draw", (type) => {
    expect(classifyContact(IDLE, contact(type))).toBe("draw");
  });
  it("ignores a second finger", () => {
    expect(classifyContact(drawing("touch"), contact("touch"))).toBe("ignore");
  });
  it("lets a pen replace the palm that touched first", () => {
    expect(classifyContact(drawing("touch"), contact("pen"))).toBe("replace");
  });
  it("ignores a finger while a pen draws", () => {
    expect(classifyContact(drawing("pen"), contact("touch"))).toBe("ignore");
  });
  it("ignores a finger for a while after a pen was used", () => {
    const state = { ...IDLE, pen_ms: 10_000 - PEN_TIMEOUT_MS + 1 };
    expect(classifyContact(state, contact("touch"))).toBe("ignore");
    expect(classifyContact({ ...state, pen_ms: 10_000 - PEN_TIMEOUT_MS }, contact("touch"))).toBe(
      "draw",
    );
    expect(classifyContact(state, contact("mouse"))).toBe("draw");
  });
  it("ignores a contact as large as a palm", () => {
    expect(classifyContact(IDLE, contact("touch", { height: PALM_PX + 1 }))).toBe("ignore");
  });
});
