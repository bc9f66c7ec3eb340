/** Which pointer may draw: the first that comes down, a pen before a finger, no palm. */

export interface Contact {
  readonly id: number;
  readonly type: string;
  /** The size of what touches, in CSS pixels; 1 where the device does not tell. */
  readonly width: number;
  readonly height: number;
  readonly time_ms: number;
}

export interface PointerState {
  /** The pointer that draws now. */
  readonly drawing: { readonly id: number; readonly type: string } | null;
  /** When a pen was last seen: the hand that holds it may touch the screen for a while after. */
  readonly pen_ms: number;
}

export const IDLE: PointerState = { drawing: null, pen_ms: Number.NEGATIVE_INFINITY };

export const PALM_PX = 60;
export const PEN_REST_MS = 2000;

/** What a contact that comes down does: draw, draw in place of the one before, or nothing. */
export function classifyContact(
  hand: PointerState,
  contact: Contact,
): "draw" | "replace" | "ignore" {
  if (contact.type === "pen") {
    if (hand.drawing === null) return "draw";
    return hand.drawing.type === "touch" ? "replace" : "ignore";
  }
  if (hand.drawing !== null) return "ignore";
  if (contact.type !== "touch") return "draw";
  const palm = Math.max(contact.width, contact.height) > PALM_PX;
  return palm || contact.time_ms - hand.pen_ms < PEN_REST_MS ? "ignore" : "draw";
}
