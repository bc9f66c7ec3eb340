/** Renders strokes as an image for the API. */

import { CANVAS_SIZE, type Stroke, strokeShape } from "./strokes";

/** Render strokes black on white, as a PNG data URL of 280 by 280 pixels. */
export function strokesToPng(strokes: readonly Stroke[]): string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = CANVAS_SIZE;
  // The pixels are read right after drawing, so a canvas in main memory is faster than one on the GPU.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser does not provide a 2D canvas");
  context.fillStyle = "white";
  context.fillRect(0, 0, CANVAS_SIZE, CANVAS_SIZE);
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
