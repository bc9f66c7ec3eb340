import { useRef } from "react";
import { useGestures } from "../hooks/useGestures";
import type { Advance } from "../hooks/useHistory";
import type { PixelDrawing } from "../lib/drawing";
import { clamp } from "../lib/geometry";
import { pathOf, SIDE, withLine } from "../lib/grid";
import { CANVAS_SIZE, type Point } from "../lib/strokes";
import { DrawingArea, MARGIN } from "./DrawingArea";

interface Props {
  readonly pixels: PixelDrawing;
  readonly erasing: boolean;
  /** The side of what is inked at once, in cells. */
  readonly brush: number;
  readonly advance: Advance<PixelDrawing>;
  readonly onMoving: (moving: boolean) => void;
  readonly say: (words: string) => void;
}

const CELL = CANVAS_SIZE / SIDE;
const LINES = Array.from({ length: SIDE - 1 }, (_, index) => {
  const at = (index + 1) * CELL;
  return `M${at} 0v${CANVAS_SIZE}M0 ${at}h${CANVAS_SIZE}`;
}).join("");

type Cell = [column: number, row: number];

/** The grid of 28 by 28 cells, as the network would see it. */
export function PixelCanvas({ pixels, erasing, brush, advance, onMoving, say }: Props) {
  const last = useRef<Cell | null>(null);
  const clears = useRef(false);
  const gesture = useRef(0);

  const paint = (path: readonly Cell[]) => {
    const ink = clears.current ? 0 : 255;
    advance((now) => {
      let grid = now.grid;
      path.forEach((cell, index) => {
        grid = withLine(grid, path[Math.max(0, index - 1)] ?? cell, cell, brush, ink);
      });
      return grid === now.grid ? now : { ...now, grid };
    }, gesture.current);
  };

  const { handlers, cursor, byKeys } = useGestures(
    {
      start: (point, how) => {
        const cell = cellAt(point);
        clears.current = erasing || how.erasing;
        last.current = cell;
        gesture.current += 1;
        onMoving(true);
        paint([cell]);
      },
      move: (points) => {
        const from = last.current;
        if (!from) return;
        const path = [from, ...points.map(cellAt)];
        last.current = path.at(-1) ?? from;
        paint(path);
      },
      end: () => {
        last.current = null;
        onMoving(false);
      },
      cancel: () => {
        last.current = null;
        onMoving(false);
      },
      say,
    },
    MARGIN,
  );

  return (
    <DrawingArea
      label="Pixel grid"
      kind="pixels"
      erasing={erasing}
      cursor={cursor}
      byKeys={byKeys}
      handlers={handlers}
    >
      <path className="pixels" d={pathOf(pixels.grid, CELL)} />
      <path className="grid-lines" d={LINES} />
    </DrawingArea>
  );
}

function cellAt([x, y]: Point): Cell {
  return [clamp(Math.floor(x / CELL), -4, SIDE + 3), clamp(Math.floor(y / CELL), -4, SIDE + 3)];
}
