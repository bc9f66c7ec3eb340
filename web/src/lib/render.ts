/** Renders drawings as images for the API. */

import { GRID_SIZE, type Grid, gridPath } from "./grid";
import { CANVAS_SIZE, type Stroke, strokeShape } from "./strokes";

/** Render strokes black on white, as a PNG data URL that is 280 pixels high. */
export function strokesToPng(strokes: readonly Stroke[], width = CANVAS_SIZE): string {
  const { canvas, context } = blankCanvas(width);
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    const { path, width } = strokeShape(stroke);
    const shape = new Path2D(path);
    context.lineWidth = width ?? 1;
    if (width === null) context.fill(shape);
    else context.stroke(shape);
  }
  return canvas.toDataURL("image/png");
}

/** Render the inked pixels black on white, as a PNG data URL of 280 by 280 pixels. */
export function gridToPng(grid: Grid): string {
  const { canvas, context } = blankCanvas(CANVAS_SIZE);
  context.fill(new Path2D(gridPath(grid, CANVAS_SIZE / GRID_SIZE)));
  return canvas.toDataURL("image/png");
}

function blankCanvas(width: number) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = CANVAS_SIZE;
  // The pixels are read right after drawing, so a canvas in main memory is faster than one on the GPU.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser does not provide a 2D canvas");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, CANVAS_SIZE);
  context.fillStyle = "black";
  return { canvas, context };
}
