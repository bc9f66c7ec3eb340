import { useEffect, useState } from "react";
import { confidenceLabel, digitName, formatPercent } from "../lib/format";
import { type Result, resultText } from "./PredictionResult";

const DELAY_MS = 800;

/** Announces the result to screen readers once the drawing has been left alone for a moment.
 *
 * @param text  "" while there is nothing new
 */
export function ResultAnnouncer({ text }: { readonly text: string }) {
  const [announced, setAnnounced] = useState("");
  useEffect(() => {
    if (!text) return;
    const timer = setTimeout(() => setAnnounced(text), DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {announced}
    </p>
  );
}

/** What to announce; "" while it is pending.
 *
 * @param outdated  whether the result is for an earlier version of the drawing
 */
export function announcement(
  result: Result,
  classes: readonly string[],
  outdated: boolean,
): string {
  const [heading, detail] = resultText(result, classes, true, outdated);
  if (outdated) return `${heading}. ${detail}`;
  switch (result.kind) {
    case "answer": {
      const { label, digit, confidence } = result;
      const answer = digit === null ? label : digitName(digit);
      return `Answer: ${answer}. ${confidenceLabel(confidence)}, ${formatPercent(confidence)}.`;
    }
    case "rejected":
    case "blank":
    case "empty":
      return `${heading}.`;
    case "pending":
      return "";
  }
}
