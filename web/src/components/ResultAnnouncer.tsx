import { useEffect, useState } from "react";
import { confidenceLabel, digitName, formatPercent } from "../lib/format";
import { type Result, resultText } from "./PredictionResult";

const DELAY_MS = 800;

/** Announces the result to screen readers once the drawing has been left alone for a moment. */
export function ResultAnnouncer({
  result,
  classes,
  outdated,
  settled,
}: {
  readonly result: Result;
  readonly classes: readonly string[];
  /** Whether the result is for an earlier version of the drawing. */
  readonly outdated: boolean;
  readonly settled: boolean;
}) {
  const [announced, setAnnounced] = useState("");
  const text = settled ? announcement(result, classes, outdated) : "";
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

function announcement(result: Result, classes: readonly string[], outdated: boolean): string {
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
