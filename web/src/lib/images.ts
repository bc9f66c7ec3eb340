/** Turns image files that people open, paste, drop or photograph into data URLs for the API; loaded with the first one. */

import type { FailureMessage } from "./api/errors";
import type { OpenedImage } from "./drawing";
import { UNSHOWN_TYPES } from "./imageFiles";

const MAX_FILE_BYTES = 64 * 2 ** 20;
/** Larger images are scaled down before they are sent: a digit does not need more detail. */
const MAX_SENT_BYTES = 1.5 * 2 ** 20;
const MAX_SENT_SIDE_PX = 1280;
/** The others that a browser opens, such as AVIF, are sent as PNG. */
const SENT_TYPES = new Set(["png", "jpeg", "webp", "gif", "bmp"].map((type) => `image/${type}`));
/** The API's limit on a file. */
const MAX_API_BYTES = 16 * 2 ** 20;
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

/** Open an image file, or explain to the person who chose it why it cannot be opened. */
export async function openOrExplain(
  file: File | Blob,
  fallbackName?: string,
): Promise<OpenedImage | FailureMessage> {
  try {
    return await loadImage(file, fallbackName);
  } catch (error) {
    if (error instanceof ImageError) return { reason: error.reason, action: error.action };
    return { reason: "This image could not be opened.", action: "Choose another image." };
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
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return unshownImage(file, name);
  const side_px = Math.max(bitmap.width, bitmap.height);
  const scale = Math.min(1, MAX_SENT_SIDE_PX / side_px);
  const url =
    file.size <= MAX_SENT_BYTES && side_px <= MAX_SENT_SIDE_PX && SENT_TYPES.has(file.type)
      ? await toDataUrl(file)
      : rescale(bitmap, scale, file.type !== "image/jpeg");
  const transparent = file.type !== "image/jpeg" && isTransparent(bitmap);
  const size = scaledSize(bitmap, scale);
  bitmap.close();
  return { name, url, transparent, size };
}

/** Make an image of a file that the browser cannot show, but the API can read.
 *
 * @throws ImageError if the API cannot read it either
 */
async function unshownImage(file: Blob, name: string): Promise<OpenedImage> {
  const start = new TextDecoder("latin1").decode(await file.slice(0, 1024).arrayBuffer());
  const type = UNSHOWN_TYPES.find(([, signature]) => signature.test(start))?.[0];
  if (type && file.size > MAX_API_BYTES) {
    throw new ImageError(`“${name}” is too large.`, "Choose an image of up to 16 MB.");
  }
  if (type) return { name, url: await toDataUrl(new Blob([file], { type })), transparent: false };
  if (start.startsWith("%PDF")) {
    throw new ImageError(`“${name}” is a PDF file.`, "Export its page as a PNG.");
  }
  if (/<svg[\s>]/.test(start)) {
    throw new ImageError(`“${name}” is an SVG file.`, "Export it as a PNG.");
  }
  throw new ImageError(
    `“${name}” cannot be opened as an image.`,
    "Choose a PNG, JPEG, WebP, AVIF, HEIC, TIFF, GIF or BMP file.",
  );
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

function scaledSize({ width, height }: ImageBitmap, scale: number) {
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))] as const;
}

function rescale(bitmap: ImageBitmap, scale: number, lossless: boolean): string {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = scaledSize(bitmap, scale);
  const context = canvas.getContext("2d");
  if (!context)
    throw new ImageError("This browser cannot open images.", "Draw on the page instead.");
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
