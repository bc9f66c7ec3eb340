import { type CSSProperties, type ReactNode, useMemo } from "react";
import type { Cursor, useGestures } from "../hooks/useGestures";
import { CANVAS_SIZE } from "../lib/strokes";
import "../styles/drawing-area.css";

/** Width of the ruler around the drawing area. */
export const MARGIN = 12;

/** Tick marks on all four sides; a digit has one for each of the 28 pixels that the network sees. */
function ruler(width: number): string {
  const tick = (index: number) => (index % 7 === 0 ? 6.5 : 3);
  const ticks = (length: number, draw: (at: number, tick: number) => string) =>
    Array.from({ length: length / 10 + 1 }, (_, index) => draw(index * 10, tick(index))).join("");
  return (
    ticks(width, (x, tick) => `M${x} -2v${-tick}M${x} ${CANVAS_SIZE + 2}v${tick}`) +
    ticks(CANVAS_SIZE, (y, tick) => `M-2 ${y}h${-tick}M${width + 2} ${y}h${tick}`)
  );
}

interface Props {
  /** In the unit of the drawing area; the height is `CANVAS_SIZE`. */
  readonly width?: number;
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

/** A square or a wide sheet to draw on, with a ruler around it and the cursor of the keyboard. */
export function DrawingArea(props: Props) {
  const { width = CANVAS_SIZE, label, hint, erasing, cursor, byKeyboard, handlers } = props;
  const rulerPath = useMemo(() => ruler(width), [width]);
  const [totalWidth, totalHeight] = [width + 2 * MARGIN, CANVAS_SIZE + 2 * MARGIN];
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
      style={{ "--sheet-width": totalWidth, "--sheet-height": totalHeight } as CSSProperties}
      {...handlers}
    >
      <svg
        className="drawing-area-svg"
        viewBox={`${-MARGIN} ${-MARGIN} ${totalWidth} ${totalHeight}`}
        aria-hidden="true"
        focusable="false"
      >
        <path className="drawing-area-ruler" d={rulerPath} />
        <rect className="drawing-area-background" width={width} height={CANVAS_SIZE} />
        <svg
          width={width}
          height={CANVAS_SIZE}
          viewBox={`0 0 ${width} ${CANVAS_SIZE}`}
          aria-hidden="true"
        >
          {props.children}
        </svg>
        <rect className="drawing-area-border" width={width} height={CANVAS_SIZE} />
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
