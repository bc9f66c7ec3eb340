/** Draws strokes as the API takes them: a picture, black on white. */

import { outline, pathAround, SHEET, type Stroke } from "./strokes";

/** Strokes as a PNG data URL, black on white, one pixel to each unit of the sheet. */
export function strokesPng(strokes: readonly Stroke[], side = SHEET): string {
  const { canvas, context } = blank(side);
  context.scale(side / SHEET, side / SHEET);
  context.fillStyle = "black";
  for (const stroke of strokes) context.fill(new Path2D(pathAround(outline(stroke))));
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
