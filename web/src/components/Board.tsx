import type { ReactNode } from "react";
import type { Cursor, useGestures } from "../hooks/useGestures";
import { SHEET } from "../lib/strokes";
import "../styles/board.css";

/** How far the ruler stands out over the sheet on each side. */
export const MARGIN = 12;

const VIEW = `${-MARGIN} ${-MARGIN} ${SHEET + 2 * MARGIN} ${SHEET + 2 * MARGIN}`;
const CELLS = Array.from({ length: 29 }, (_, index) => index * 10);

/** A division of the ruler for each pixel of what the network sees. */
const RULER = CELLS.map((at, index) => {
  const long = index % 7 === 0 ? 6.5 : 3;
  return `M${at} -2v${-long}M${at} ${SHEET + 2}v${long}M-2 ${at}h${-long}M${SHEET + 2} ${at}h${long}`;
}).join("");

interface Props {
  readonly label: string;
  readonly kind: "sheet" | "pixels";
  readonly rubber: boolean;
  readonly cursor: Cursor;
  /** Whether it is drawn on with keys: then the pen is shown. */
  readonly byKeys: boolean;
  readonly handlers: ReturnType<typeof useGestures>["handlers"];
  readonly children: ReactNode;
}

/** A square to draw on, within its ruler, with the keyboard's pen. */
export function Board({ label, kind, rubber, cursor, byKeys, handlers, children }: Props) {
  return (
    <div
      className="board"
      data-kind={kind}
      data-rubber={rubber || undefined}
      data-keys={byKeys || undefined}
      role="application"
      aria-label={label}
      aria-describedby="board-keys"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is drawn on with keys
      tabIndex={0}
      {...handlers}
    >
      <svg className="board-drawing" viewBox={VIEW} aria-hidden="true" focusable="false">
        <path className="board-ruler" d={RULER} />
        <rect className="board-sheet" width={SHEET} height={SHEET} />
        <svg width={SHEET} height={SHEET} viewBox={`0 0 ${SHEET} ${SHEET}`} aria-hidden="true">
          {children}
        </svg>
        <rect className="board-edge" width={SHEET} height={SHEET} />
        <g
          className="board-cursor"
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
