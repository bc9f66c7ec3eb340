import { type ReactNode, useLayoutEffect, useRef } from "react";
import { GRID_SIZE } from "../../lib/grid";
import { blend } from "../../lib/inside/colors";

export interface Box {
  readonly row: number;
  readonly column: number;
  readonly height: number;
  readonly width: number;
}

interface Props {
  /** From 0 to 1. */
  readonly pixels: ArrayLike<number> | undefined;
  /** Laid over the drawing: effects of the pixels, positive and negative. */
  readonly overlay?: ArrayLike<number> | null | undefined;
  readonly box?: Box | null | undefined;
  readonly added?: readonly (readonly number[])[] | undefined;
  readonly removed?: readonly (readonly number[])[] | undefined;
  readonly label: string;
  readonly children?: ReactNode;
}

/** What the network saw, white on black as MNIST, with something laid over it. */
export function InputPicture(props: Props) {
  const { pixels, overlay, box, added, removed, label, children } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    if (!pixels) return context.clearRect(0, 0, GRID_SIZE, GRID_SIZE);
    const bytes = blend(pixels, overlay ?? null);
    context.putImageData(new ImageData(bytes, GRID_SIZE, GRID_SIZE), 0, 0);
  }, [pixels, overlay]);
  return (
    <div className="input-picture">
      <canvas ref={canvas} width={GRID_SIZE} height={GRID_SIZE} role="img" aria-label={label} />
      <svg
        viewBox={`0 0 ${GRID_SIZE} ${GRID_SIZE}`}
        aria-hidden="true"
        focusable="false"
        preserveAspectRatio="none"
      >
        {added && <path className="ink-added" d={cellsPath(added)} />}
        {removed && <path className="ink-removed" d={cellsPath(removed)} />}
        {box && (
          <rect
            className="receptive-field"
            x={box.column}
            y={box.row}
            width={box.width}
            height={box.height}
          />
        )}
      </svg>
      {children}
    </div>
  );
}

function cellsPath(cells: readonly (readonly number[])[]): string {
  return cells.map(([row = 0, column = 0]) => `M${column} ${row}h1v1h-1z`).join("");
}
