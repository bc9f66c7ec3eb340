import {
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useEffectEvent,
  useRef,
  useState,
} from "react";
import { clamp } from "../lib/geometry";
import { classifyContact, IDLE, type PointerState } from "../lib/pointers";
import { CANVAS_SIZE, type Point, roundedPoint } from "../lib/strokes";

export interface Gestures {
  /** A pen, finger or mouse button goes down, or the keyboard's pen is lowered. */
  readonly start: (point: Point, options: { hasPressure: boolean; erasing: boolean }) => void;
  readonly move: (points: readonly Point[]) => void;
  readonly end: () => void;
  /** The gesture turned out to be a palm: discard it. */
  readonly cancel: () => void;
  readonly announce: (text: string) => void;
}

/** The pen that the keyboard moves. */
export interface Cursor {
  readonly x: number;
  readonly y: number;
  readonly down: boolean;
}

const STEP = CANVAS_SIZE / 28;
const DIRECTIONS: Record<string, readonly [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};
const ERASER_BUTTON = 5; // the back end of a pen

/** Translate pointer and keyboard events on a rectangular element into gestures.
 *
 * @param areaWidth  width of the drawing area; its height is `CANVAS_SIZE`
 * @param margin     border of the element around the drawing area, in the unit of the drawing area
 */
export function useGestures(gestures: Gestures, areaWidth: number, margin: number) {
  const pointers = useRef<PointerState>(IDLE);
  const focusedByPointer = useRef(false);
  const [cursor, setCursor] = useState<Cursor>({ x: 14.5 * STEP, y: 6.5 * STEP, down: false });
  const [byKeyboard, setByKeyboard] = useState(false);

  const liftCursor = () => {
    if (!cursor.down) return;
    setCursor({ ...cursor, down: false });
    gestures.end();
  };

  // The drawing area may disappear during a gesture: a key may show another view.
  const endOpenGesture = useEffectEvent(() => {
    if (cursor.down || pointers.current.active) gestures.end();
  });
  useEffect(() => () => endOpenGesture(), []);

  const pointAt = (event: globalThis.PointerEvent, box: DOMRect): Point => {
    const scale = (areaWidth + 2 * margin) / box.width;
    return roundedPoint(
      (event.clientX - box.left) * scale - margin,
      (event.clientY - box.top) * scale - margin,
      event.pressure || 0.5,
    );
  };
  const isActive = (event: PointerEvent) => pointers.current.active?.id === event.pointerId;
  const notePen = (event: PointerEvent) => {
    if (event.pointerType === "pen") {
      pointers.current = { ...pointers.current, pen_ms: event.timeStamp };
    }
  };

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    const { pointerId: id, pointerType: type, width, height, timeStamp: time_ms } = event;
    if (event.button !== 0 && event.button !== ERASER_BUTTON) return;
    const verdict = classifyContact(pointers.current, { id, type, width, height, time_ms });
    notePen(event);
    if (verdict === "ignore") return;
    event.preventDefault();
    if (verdict === "replace") gestures.cancel();
    liftCursor();
    const target = event.currentTarget;
    focusedByPointer.current = true;
    target.focus({ preventScroll: true });
    focusedByPointer.current = false;
    setByKeyboard(false);
    target.setPointerCapture(id);
    pointers.current = { ...pointers.current, active: { id, type } };
    gestures.start(pointAt(event.nativeEvent, target.getBoundingClientRect()), {
      hasPressure: type === "pen" && event.pressure > 0,
      erasing: event.button === ERASER_BUTTON,
    });
  };

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    notePen(event);
    if (!isActive(event)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const coalesced = event.nativeEvent.getCoalescedEvents?.() ?? [];
    const events = coalesced.length ? coalesced : [event.nativeEvent];
    gestures.move(events.map((one) => pointAt(one, box)));
  };

  const onPointerEnd = (event: PointerEvent) => {
    if (!isActive(event)) return;
    pointers.current = { ...pointers.current, active: null };
    gestures.end();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction) {
      event.preventDefault();
      setByKeyboard(true);
      const distance = event.shiftKey ? 4 * STEP : STEP;
      const x = clamp(cursor.x + direction[0] * distance, STEP / 2, areaWidth - STEP / 2);
      const y = clamp(cursor.y + direction[1] * distance, STEP / 2, CANVAS_SIZE - STEP / 2);
      setCursor({ ...cursor, x, y });
      if (cursor.down) gestures.move([roundedPoint(x, y)]);
    } else if (event.key === " ") {
      event.preventDefault();
      setByKeyboard(true);
      if (event.repeat) return;
      const position = `column ${Math.ceil(cursor.x / STEP)}, row ${Math.ceil(cursor.y / STEP)}`;
      if (cursor.down) {
        liftCursor();
        gestures.announce(`Pen up at ${position}`);
      } else {
        setCursor({ ...cursor, down: true });
        gestures.start(roundedPoint(cursor.x, cursor.y), { hasPressure: false, erasing: false });
        gestures.announce(`Pen down at ${position}`);
      }
    } else if (/^(Escape|Enter)$/.test(event.key) && cursor.down) {
      liftCursor();
      gestures.announce("Pen up");
    }
  };

  const handlers = {
    onPointerDown,
    onPointerMove,
    onPointerUp: onPointerEnd,
    onPointerCancel: onPointerEnd,
    onLostPointerCapture: onPointerEnd,
    onContextMenu: (event: { preventDefault: () => void }) => event.preventDefault(),
    onFocus: () => setByKeyboard(!focusedByPointer.current),
    onBlur: liftCursor,
    onKeyDown,
  };
  return { handlers, cursor, byKeyboard };
}
