/** Draws strokes as the API takes them: a picture, black on white. */

import { CANVAS_SIZE, type Stroke, strokeShape } from "./strokes";

/** Strokes as a PNG data URL, black on white, one pixel to each unit of the sheet. */
export function strokesPng(strokes: readonly Stroke[], side = CANVAS_SIZE): string {
  const { canvas, context } = blank(side);
  context.scale(side / CANVAS_SIZE, side / CANVAS_SIZE);
  context.fillStyle = "black";
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

function blank(side: number): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D } {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  // It is read right after: kept off the graphics card.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no canvas to draw on");
  context.fillStyle = "white";
  context.fillRect(0, 0, side, side);
  return { canvas, context };
}
