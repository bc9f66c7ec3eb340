import { describe, expect, it } from "vitest";
import { admit, FREE_HAND, type Hand, PALM_PX, PEN_REST_MS } from "./pointers";

const contact = (type: string, rest = {}) => ({
  id: 2,
  type,
  width: 1,
  height: 1,
  time_ms: 10_000,
  ...rest,
});
const drawing = (type: string): Hand => ({ ...FREE_HAND, drawing: { id: 1, type } });

describe("admit", () => {
  it.each(["mouse", "touch", "pen"])("lets a %s draw", (type) => {
    expect(admit(FREE_HAND, contact(type))).toBe("draw");
  });
  it("ignores a second finger", () => {
    expect(admit(drawing("touch"), contact("touch"))).toBe("ignore");
  });
  it("takes a pen in place of the palm that came down before it", () => {
    expect(admit(drawing("touch"), contact("pen"))).toBe("replace");
  });
  it("ignores a finger while a pen draws", () => {
    expect(admit(drawing("pen"), contact("touch"))).toBe("ignore");
  });
  it("ignores a finger for a while after a pen was seen", () => {
    const hand = { ...FREE_HAND, pen_ms: 10_000 - PEN_REST_MS + 1 };
    expect(admit(hand, contact("touch"))).toBe("ignore");
    expect(admit({ ...hand, pen_ms: 10_000 - PEN_REST_MS }, contact("touch"))).toBe("draw");
    expect(admit(hand, contact("mouse"))).toBe("draw");
  });
  it("ignores a touch as large as a palm", () => {
    expect(admit(FREE_HAND, contact("touch", { height: PALM_PX + 1 }))).toBe("ignore");
  });
});
