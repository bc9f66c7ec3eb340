/** Turns image files that people open, paste, drop or photograph into data URLs for the API. */

import type { OpenedImage } from "./drawing";

const MAX_FILE_BYTES = 64 * 2 ** 20;
/** Larger images are scaled down before they are sent: a digit does not need more detail. */
const MAX_SENT_BYTES = 1.5 * 2 ** 20;
const MAX_SENT_SIDE_PX = 1280;
/** The others that a browser opens, such as AVIF, are sent as PNG. */
const SENT_TYPES = new Set(["png", "jpeg", "webp", "gif", "bmp"].map((type) => `image/${type}`));
const MAX_NAME_LENGTH = 60;

export class ImageError extends Error {
  override name = "ImageError";

  constructor(
    readonly reason: string,
    readonly action: string,
  ) {
    super(`${reason} ${action}`);
  }
}

/** Read an image file and scale it down if it is large.
 *
 * @throws ImageError with a message for the person who chose the file
 */
export async function loadImage(file: File | Blob, fallbackName = "Image"): Promise<OpenedImage> {
  const name = truncate(file instanceof File && file.name ? file.name : fallbackName);
  if (file.size === 0) throw new ImageError(`“${name}” is empty.`, "Choose another image.");
  if (file.size > MAX_FILE_BYTES) {
    throw new ImageError(`“${name}” is too large.`, "Choose an image of up to 64 MB.");
  }
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new ImageError(
      `“${name}” cannot be opened as an image.`,
      "Choose a PNG, JPEG, WebP, AVIF, GIF or BMP file.",
    );
  });
  const side_px = Math.max(bitmap.width, bitmap.height);
  const url =
    file.size <= MAX_SENT_BYTES && side_px <= MAX_SENT_SIDE_PX && SENT_TYPES.has(file.type)
      ? await toDataUrl(file)
      : rescale(bitmap, Math.min(1, MAX_SENT_SIDE_PX / side_px), file.type !== "image/jpeg");
  const transparent = file.type !== "image/jpeg" && isTransparent(bitmap);
  bitmap.close();
  return { name, url, transparent };
}

/** Whether any part of an image is transparent, as far as a small copy of it tells. */
function isTransparent(bitmap: ImageBitmap): boolean {
  const side_px = 64;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side_px;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.drawImage(bitmap, 0, 0, side_px, side_px);
  const { data } = context.getImageData(0, 0, side_px, side_px);
  return data.some((value, index) => index % 4 === 3 && value < 255);
}

/** Shorten a file name so that it fits into a notice. */
function truncate(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1)}…` : name;
}

/** The first image among pasted or dropped files, or else the first file. */
export function imageFileFrom(items: DataTransfer | null): File | undefined {
  const files = Array.from(items?.files ?? []);
  return files.find((file) => file.type.startsWith("image/")) ?? files[0];
}

function rescale(bitmap: ImageBitmap, scale: number, lossless: boolean): string {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new ImageError("This browser cannot open images.", "Draw the digit instead.");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return lossless ? canvas.toDataURL("image/png") : canvas.toDataURL("image/jpeg", 0.92);
}

function toDataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () =>
      reject(new ImageError("The file cannot be read.", "Choose another image."));
    reader.readAsDataURL(file);
  });
}
