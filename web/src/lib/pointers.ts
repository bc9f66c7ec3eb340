/** Decides which pointer may draw: the first one down, pen before finger, never a palm. */

export interface Contact {
  readonly id: number;
  readonly type: string;
  /** Size of the contact area in CSS pixels; 1 if the device does not report it. */
  readonly width: number;
  readonly height: number;
  readonly time_ms: number;
}

export interface PointerState {
  /** The pointer that is drawing. */
  readonly active: { readonly id: number; readonly type: string } | null;
  /** When a pen was last seen: the hand that holds it may still touch the screen. */
  readonly pen_ms: number;
}

export const IDLE: PointerState = { active: null, pen_ms: Number.NEGATIVE_INFINITY };

export const PALM_PX = 60;
export const PEN_TIMEOUT_MS = 2000;

/** Whether a new contact draws, replaces the active pointer, or is ignored. */
export function classifyContact(
  state: PointerState,
  contact: Contact,
): "draw" | "replace" | "ignore" {
  if (contact.type === "pen") {
    if (state.active === null) return "draw";
    return state.active.type === "touch" ? "replace" : "ignore";
  }
  if (state.active !== null) return "ignore";
  if (contact.type !== "touch") return "draw";
  const isPalm = Math.max(contact.width, contact.height) > PALM_PX;
  return isPalm || contact.time_ms - state.pen_ms < PEN_TIMEOUT_MS ? "ignore" : "draw";
}
