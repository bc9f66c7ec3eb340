/** Tells in words what a change of the handwriting has brought. */

import { ApiError } from "../api/errors";
import { formatPercent } from "../format";
import type {
  ChangedSample,
  ProfileAccuracy,
  ProfileChange,
  ProfileVersion,
} from "../profiles/api";

type PersonalModel = ProfileChange["personal_model"];

/** "1 sample", "12 samples". */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** "4", or "rejected". */
export function answerOf({ digit }: ChangedSample["before"]): string {
  return digit === null ? "rejected" : String(digit);
}

export const isRight = (sample: ChangedSample, when: "before" | "after") =>
  sample[when].digit === sample.label;

export const isChanged = ({ before, after }: ChangedSample) => before.digit !== after.digit;

/** "Of these 10 digits, 7 were right before, and 10 are now." */
export function effectInWords(samples: readonly ChangedSample[]): string {
  const [before, after] = (["before", "after"] as const).map(
    (when) => samples.filter((sample) => isRight(sample, when)).length,
  );
  if (samples.length === 1) {
    const [was, is] = [before === 1, after === 1];
    if (was)
      return is ? "It was right before, and is now." : "It was right before, and is not now.";
    return is ? "It was wrong before, and is right now." : "It was wrong before, and still is.";
  }
  return `Of these ${samples.length} digits, ${before} ${before === 1 ? "was" : "were"} right before, and ${after} ${after === 1 ? "is" : "are"} now.`;
}

/** What was done for the sake of other people's digits; null if nothing was. */
export function weakeningInWords({
  strength,
  others_before,
  others_after,
}: PersonalModel): string | null {
  if (strength >= 1) return null;
  if (strength <= 0) {
    return "The model was left as it was: any change toward these samples would have made it worse at other people’s digits.";
  }
  const others =
    others_before !== null && others_after !== null
      ? ` Of those, it now recognizes ${formatPercent(others_after)}, and ${formatPercent(others_before)} before.`
      : "";
  return `The change was weakened to ${Math.round(strength * 100)}% of its strength, because it made the model worse at other people’s digits.${others}`;
}

/** "Of your 50 samples, the model recognizes 44 without your handwriting, and 49 with it." */
export function accuracyInWords({ samples, right_before, right_after }: ProfileAccuracy): string {
  return `Of your ${countOf(samples, "sample")}, the model recognizes ${right_before} without your handwriting, and ${right_after} with it.`;
}

/** Whether the server says that there is no such thing: it was deleted elsewhere. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof ApiError && error.failure.kind === "http_error" && error.failure.status === 404
  );
}

const ACTIONS: Readonly<Record<ProfileVersion["action"], string>> = {
  add: "added",
  remove: "deleted",
  undo: "undone",
  import: "imported",
};

/** The rows of the table of versions, newest first. */
export function versionRows(versions: readonly ProfileVersion[]): string[][] {
  return versions
    .map(({ number, time, action, added, removed, samples }) => [
      String(number),
      ACTIONS[action],
      added > 0 ? `+${added}` : removed > 0 ? `−${removed}` : "0",
      String(samples),
      new Date(time).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" }),
    ])
    .reverse();
}
