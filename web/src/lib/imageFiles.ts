/** What the page knows about image files before one is opened. */

import type { OpenedImage } from "./drawing";

/** What the API reads although many browsers cannot show it: the type, and how a file begins. */
export const UNSHOWN_TYPES: readonly (readonly [string, RegExp])[] = [
  ["image/heic", /^.{4}ftyp(?:hei[cfmsx]|hev[cmsx]|mif1|msf1)/s],
  ["image/tiff", /^(?:II\*\0|MM\0\*)/],
];

/** Whether this browser can show an opened image; if it could, it would have been sent as PNG. */
export function canBeShown(image: OpenedImage): boolean {
  return !UNSHOWN_TYPES.some(([type]) => image.url.startsWith(`data:${type};`));
}

/** The first image among pasted or dropped files, or else the first file. */
export function imageFileFrom(items: DataTransfer | null): File | undefined {
  const files = Array.from(items?.files ?? []);
  return files.find((file) => file.type.startsWith("image/")) ?? files[0];
}
