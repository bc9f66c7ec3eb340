import { useRef } from "react";
import { useGestures } from "../hooks/useGestures";
import type { Update } from "../hooks/useHistory";
import type { PixelDrawing } from "../lib/drawing";
import { clamp } from "../lib/geometry";
import { drawLine, GRID_SIZE, gridPath } from "../lib/grid";
import { newGesture } from "../lib/history";
import { CANVAS_SIZE, type Point } from "../lib/strokes";
import { DrawingArea, MARGIN } from "./DrawingArea";

interface Props {
  readonly drawing: PixelDrawing;
  readonly erasing: boolean;
  /** Side of the square brush, in pixels. */
  readonly brush: number;
  readonly update: Update<PixelDrawing>;
  /** Called when painting starts and ends. */
  readonly onPainting: (painting: boolean) => void;
  readonly announce: (text: string) => void;
}

const CELL = CANVAS_SIZE / GRID_SIZE;
const GRID_LINES = Array.from({ length: GRID_SIZE - 1 }, (_, index) => {
  const at = (index + 1) * CELL;
  return `M${at} 0v${CANVAS_SIZE}M0 ${at}h${CANVAS_SIZE}`;
}).join("");

type Cell = [column: number, row: number];

/** Pixel mode: a grid of 28 by 28 pixels, the size that the network sees. */
export function PixelCanvas({ drawing, erasing, brush, update, onPainting, announce }: Props) {
  const last = useRef<Cell | null>(null);
  const eraseGesture = useRef(false);
  const gesture = useRef(0);

  const paint = (path: readonly Cell[]) => {
    const ink = eraseGesture.current ? 0 : 255;
    update((present) => {
      let { grid } = present;
      path.forEach((cell, index) => {
        grid = drawLine(grid, path[Math.max(0, index - 1)] ?? cell, cell, brush, ink);
      });
      return grid === present.grid ? present : { ...present, grid };
    }, gesture.current);
  };

  const end = () => {
    last.current = null;
    onPainting(false);
  };

  const { handlers, cursor, byKeyboard } = useGestures(
    {
      start: (point, options) => {
        const cell = cellAt(point);
        eraseGesture.current = erasing || options.erasing;
        last.current = cell;
        gesture.current = newGesture();
        onPainting(true);
        paint([cell]);
      },
      move: (points) => {
        const from = last.current;
        if (!from) return;
        const path = [from, ...points.map(cellAt)];
        last.current = path.at(-1) ?? from;
        paint(path);
      },
      end,
      cancel: end,
      announce,
    },
    CANVAS_SIZE,
    MARGIN,
  );

  return (
    <DrawingArea
      label="Pixel grid"
      erasing={erasing}
      cursor={cursor}
      byKeyboard={byKeyboard}
      handlers={handlers}
    >
      <path className="pixels" d={gridPath(drawing.grid, CELL)} />
      <path className="grid-lines" d={GRID_LINES} />
    </DrawingArea>
  );
}

function cellAt([x, y]: Point): Cell {
  return [
    clamp(Math.floor(x / CELL), -4, GRID_SIZE + 3),
    clamp(Math.floor(y / CELL), -4, GRID_SIZE + 3),
  ];
}
