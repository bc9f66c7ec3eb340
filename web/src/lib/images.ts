/** Picture files that people open, paste, drop or photograph -> data URLs that the API takes. */

import type { Picture } from "./drawing";

const LARGEST_BYTES = 64 * 2 ** 20;
/** A picture over one of these is sent smaller: a digit needs no more. */
const SENT_WHOLE_BYTES = 1.5 * 2 ** 20;
const SENT_SIDE_PX = 1280;
const MAX_NAME_LENGTH = 60;

export class ImageError extends Error {
  override name = "PictureError";

  constructor(
    readonly wrong: string,
    readonly action: string,
  ) {
    super(`${wrong} ${action}`);
  }
}

/** Read a file, and make it smaller if it is large.
 *
 * @throws PictureError for the person who chose the file
 */
export async function loadImage(file: File | Blob, name = "a picture"): Promise<Picture> {
  const called = shortened(file instanceof File && file.name ? file.name : name);
  if (file.size === 0) throw new ImageError(`“${called}” is empty.`, "Choose another picture.");
  if (file.size > LARGEST_BYTES) {
    throw new ImageError(`“${called}” is too large.`, "Choose a picture of at most 64 MB.");
  }
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new ImageError(
      `“${called}” is no picture that can be read.`,
      "Choose a PNG, JPEG, WebP, GIF or BMP file.",
    );
  });
  const longest = Math.max(bitmap.width, bitmap.height);
  const url =
    file.size <= SENT_WHOLE_BYTES && longest <= SENT_SIDE_PX && /^image\//.test(file.type)
      ? await dataUrl(file)
      : drawn(bitmap, Math.min(1, SENT_SIDE_PX / longest), file.type !== "image/jpeg");
  bitmap.close();
  return { name: called, url };
}

/** A file's name as a notice has room for it. */
function shortened(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1)}…` : name;
}

/** The first picture among what was pasted or dropped. */
export function imageFileFrom(items: DataTransfer | null): File | undefined {
  const files = Array.from(items?.files ?? []);
  return files.find((file) => file.type.startsWith("image/")) ?? files[0];
}

function drawn(bitmap: ImageBitmap, scale: number, lossless: boolean): string {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new ImageError("This browser cannot open pictures.", "Draw the digit.");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return lossless ? canvas.toDataURL("image/png") : canvas.toDataURL("image/jpeg", 0.92);
}

function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new ImageError("The file cannot be read.", "Choose another."));
    reader.readAsDataURL(file);
  });
}
