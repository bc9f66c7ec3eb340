/** Exported files, and pictures as the API takes them. */

import type { NewSample, ProfileSample } from "../profiles/api";

/** More than the largest profile takes. */
export const MAX_FILE_BYTES = 2 ** 26;

/** Offer a file to the person. */
export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Later: some browsers read the file after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The name of an exported profile: letters, digits and hyphens. */
export function fileNameOf(profile: string): string {
  const name = profile
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${name || "handwriting"}.profile.json`;
}

/** The sample as it can be added again: its strokes, or else the picture that the network saw. */
export function sampleAgain({ label, strokes, seen, source }: ProfileSample): NewSample {
  if (!strokes) return { label, image: seen, source: source === "drawn" ? "drawn" : "image" };
  return {
    label,
    source: "drawn",
    strokes: strokes.map(({ points, width }) => ({ points, ...(width != null && { width }) })),
  };
}
