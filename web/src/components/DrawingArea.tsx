import type { ReactNode } from "react";
import type { Cursor, useGestures } from "../hooks/useGestures";
import { CANVAS_SIZE } from "../lib/strokes";
import "../styles/drawing-area.css";

/** Width of the ruler around the drawing area. */
export const MARGIN = 12;
/** Height of the hint at the bottom, as drawing-area.css has it. */
export const HINT_HEIGHT = 28;

const VIEW_BOX = `${-MARGIN} ${-MARGIN} ${CANVAS_SIZE + 2 * MARGIN} ${CANVAS_SIZE + 2 * MARGIN}`;
const TICKS = Array.from({ length: 29 }, (_, index) => index * 10);

/** Tick marks on all four sides, one for each of the 28 pixels that the network sees. */
const RULER = TICKS.map((at, index) => {
  const length = index % 7 === 0 ? 6.5 : 3;
  return `M${at} -2v${-length}M${at} ${CANVAS_SIZE + 2}v${length}M-2 ${at}h${-length}M${CANVAS_SIZE + 2} ${at}h${length}`;
}).join("");

interface Props {
  readonly label: string;
  /** What a gesture would do, where that is not obvious. */
  readonly hint?: string | null;
  readonly erasing: boolean;
  readonly cursor: Cursor;
  /** Whether the keyboard is in use, so that its cursor is shown. */
  readonly byKeyboard: boolean;
  readonly handlers: ReturnType<typeof useGestures>["handlers"];
  readonly children: ReactNode;
}

/** A square to draw on, with a ruler around it and the cursor of the keyboard. */
export function DrawingArea(props: Props) {
  const { label, hint, erasing, cursor, byKeyboard, handlers, children } = props;
  return (
    <div
      className="drawing-area"
      data-erasing={erasing || undefined}
      data-keyboard={byKeyboard || undefined}
      role="application"
      aria-label={label}
      aria-describedby="drawing-area-help"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be drawn on with the keyboard
      tabIndex={0}
      {...handlers}
    >
      <svg className="drawing-area-svg" viewBox={VIEW_BOX} aria-hidden="true" focusable="false">
        <path className="drawing-area-ruler" d={RULER} />
        <rect className="drawing-area-background" width={CANVAS_SIZE} height={CANVAS_SIZE} />
        <svg
          width={CANVAS_SIZE}
          height={CANVAS_SIZE}
          viewBox={`0 0 ${CANVAS_SIZE} ${CANVAS_SIZE}`}
          aria-hidden="true"
        >
          {children}
        </svg>
        <rect className="drawing-area-border" width={CANVAS_SIZE} height={CANVAS_SIZE} />
        <g
          className="drawing-area-cursor"
          data-down={cursor.down || undefined}
          transform={`translate(${cursor.x} ${cursor.y})`}
        >
          <circle r="7" />
          <path d="M0 -13v8M0 13v-8M-13 0h8M13 0h-8" />
        </g>
      </svg>
      {hint && <p className="drawing-area-hint">{hint}</p>}
    </div>
  );
}
