import {
  type KeyboardEvent,
  type PointerEvent as ReactPointerEvent,
  useCallback,
  useMemo,
  useRef,
  useState,
} from "react";
import { clamp } from "../lib/geometry";
import { classifyContact, IDLE, type PointerState } from "../lib/pointers";
import { CANVAS_SIZE, type Point, roundedPoint } from "../lib/strokes";

export interface Gestures {
  /** A pen, finger, mouse or the keyboard's pen comes down. */
  readonly start: (point: Point, how: { pressed: boolean; erasing: boolean }) => void;
  readonly move: (points: readonly Point[]) => void;
  readonly end: () => void;
  /** What was begun is taken back: it was a palm. */
  readonly cancel: () => void;
  readonly say: (words: string) => void;
}

export interface Cursor {
  readonly x: number;
  readonly y: number;
  readonly down: boolean;
}

const STEP = CANVAS_SIZE / 28;
const WAYS: Record<string, readonly [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};
const RUBBER_BUTTON = 5; // the other end of a pen

/** Pointers and keys on a square board -> gestures in the sheet's unit.
 *
 * @param margin  how far the board's element reaches over the sheet, in the sheet's unit
 */
export function useGestures(gestures: Gestures, margin: number) {
  const hand = useRef<PointerState>(IDLE);
  const [cursor, setCursor] = useState<Cursor>({ x: 14.5 * STEP, y: 6.5 * STEP, down: false });
  const [byKeys, setByKeys] = useState(false);
  const pointing = useRef(false);
  const latest = useRef(gestures);
  latest.current = gestures;

  const lift = useCallback(() => {
    setCursor((now) => {
      if (now.down) queueMicrotask(() => latest.current.end());
      return now.down ? { ...now, down: false } : now;
    });
  }, []);

  const handlers = useMemo(() => {
    const place = (event: PointerEvent, box: DOMRect): Point => {
      const scale = (CANVAS_SIZE + 2 * margin) / box.width;
      return roundedPoint(
        (event.clientX - box.left) * scale - margin,
        (event.clientY - box.top) * scale - margin,
        event.pressure || 0.5,
      );
    };
    const draws = (event: ReactPointerEvent) => hand.current.drawing?.id === event.pointerId;
    const seePen = (event: ReactPointerEvent) => {
      if (event.pointerType === "pen") hand.current = { ...hand.current, pen_ms: event.timeStamp };
    };
    const finish = (event: ReactPointerEvent) => {
      if (!draws(event)) return;
      hand.current = { ...hand.current, drawing: null };
      latest.current.end();
    };
    return {
      onPointerDown: (event: ReactPointerEvent<HTMLElement>) => {
        const { pointerId: id, pointerType: type, width, height, timeStamp: time_ms } = event;
        if (event.button !== 0 && event.button !== RUBBER_BUTTON) return;
        const verdict = classifyContact(hand.current, { id, type, width, height, time_ms });
        seePen(event);
        if (verdict === "ignore") return;
        event.preventDefault();
        if (verdict === "replace") latest.current.cancel();
        lift();
        const target = event.currentTarget;
        pointing.current = true;
        target.focus({ preventScroll: true });
        pointing.current = false;
        setByKeys(false);
        target.setPointerCapture(id);
        hand.current = { ...hand.current, drawing: { id, type } };
        latest.current.start(place(event.nativeEvent, target.getBoundingClientRect()), {
          pressed: type === "pen" && event.pressure > 0,
          erasing: event.button === RUBBER_BUTTON,
        });
      },
      onPointerMove: (event: ReactPointerEvent<HTMLElement>) => {
        seePen(event);
        if (!draws(event)) return;
        const box = event.currentTarget.getBoundingClientRect();
        const fine = event.nativeEvent.getCoalescedEvents?.() ?? [];
        const events = fine.length ? fine : [event.nativeEvent];
        latest.current.move(events.map((one) => place(one, box)));
      },
      onPointerUp: finish,
      onPointerCancel: finish,
      onLostPointerCapture: finish,
      onContextMenu: (event: { preventDefault: () => void }) => event.preventDefault(),
      onFocus: () => setByKeys(!pointing.current),
      onBlur: lift,
    };
  }, [margin, lift]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (WAYS[event.key] || event.key === " ") setByKeys(true);
    const way = WAYS[event.key];
    if (way) {
      event.preventDefault();
      const reach = event.shiftKey ? 4 * STEP : STEP;
      const x = clamp(cursor.x + way[0] * reach, STEP / 2, CANVAS_SIZE - STEP / 2);
      const y = clamp(cursor.y + way[1] * reach, STEP / 2, CANVAS_SIZE - STEP / 2);
      setCursor({ ...cursor, x, y });
      if (cursor.down) gestures.move([roundedPoint(x, y)]);
    } else if (event.key === " ") {
      event.preventDefault();
      if (event.repeat) return;
      const down = !cursor.down;
      setCursor({ ...cursor, down });
      const where = `column ${Math.ceil(cursor.x / STEP)}, row ${Math.ceil(cursor.y / STEP)}`;
      if (down)
        gestures.start(roundedPoint(cursor.x, cursor.y), { pressed: false, erasing: false });
      else gestures.end();
      gestures.say(down ? `Down at ${where}` : `Up at ${where}`);
    } else if (event.key === "Escape" && cursor.down) {
      lift();
      gestures.say("Up");
    }
  };

  return { handlers: { ...handlers, onKeyDown }, cursor, byKeys };
}
