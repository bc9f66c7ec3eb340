/** Downloads what the network saw as a PNG file. */

import { GRID_SIZE } from "../grid";
import { blend } from "./colors";

/** Offer pixels, white on black, as a file.
 *
 * @param pixels  28 by 28, from 0 to 1
 * @param scale   side of each pixel in the file
 */
export function downloadPixels(pixels: ArrayLike<number>, scale: number): void {
  const picture = canvasOf(GRID_SIZE);
  picture.context.putImageData(new ImageData(blend(pixels, null), GRID_SIZE, GRID_SIZE), 0, 0);
  const side = GRID_SIZE * scale;
  const enlarged = canvasOf(side);
  enlarged.context.imageSmoothingEnabled = false;
  enlarged.context.drawImage(picture.canvas, 0, 0, side, side);
  const link = document.createElement("a");
  link.href = enlarged.canvas.toDataURL("image/png");
  link.download = `what-the-network-saw-${side}.png`;
  link.click();
}

function canvasOf(side: number) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser does not provide a 2D canvas");
  return { canvas, context };
}
