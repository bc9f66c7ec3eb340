import type { ReactNode } from "react";
import type { Cursor, useGestures } from "../hooks/useGestures";
import { CANVAS_SIZE } from "../lib/strokes";
import "../styles/drawing-area.css";

/** How far the ruler stands out over the sheet on each side. */
export const MARGIN = 12;

const VIEW = `${-MARGIN} ${-MARGIN} ${CANVAS_SIZE + 2 * MARGIN} ${CANVAS_SIZE + 2 * MARGIN}`;
const CELLS = Array.from({ length: 29 }, (_, index) => index * 10);

/** A division of the ruler for each pixel of what the network sees. */
const RULER = CELLS.map((at, index) => {
  const long = index % 7 === 0 ? 6.5 : 3;
  return `M${at} -2v${-long}M${at} ${CANVAS_SIZE + 2}v${long}M-2 ${at}h${-long}M${CANVAS_SIZE + 2} ${at}h${long}`;
}).join("");

interface Props {
  readonly label: string;
  readonly kind: "sheet" | "pixels";
  readonly erasing: boolean;
  readonly cursor: Cursor;
  /** Whether it is drawn on with keys: then the pen is shown. */
  readonly byKeys: boolean;
  readonly handlers: ReturnType<typeof useGestures>["handlers"];
  readonly children: ReactNode;
}

/** A square to draw on, within its ruler, with the keyboard's pen. */
export function DrawingArea({ label, kind, erasing, cursor, byKeys, handlers, children }: Props) {
  return (
    <div
      className="drawing-area"
      data-kind={kind}
      data-erasing={erasing || undefined}
      data-keyboard={byKeys || undefined}
      role="application"
      aria-label={label}
      aria-describedby="board-keys"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is drawn on with keys
      tabIndex={0}
      {...handlers}
    >
      <svg className="drawing-area-svg" viewBox={VIEW} aria-hidden="true" focusable="false">
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
    </div>
  );
}
