import { useEffect, useState } from "react";
import { confidenceLabel, digitName, formatPercent } from "../lib/format";
import type { Result } from "./PredictionResult";

const DELAY_MS = 800;

/** Announces the result to screen readers once the drawing has been left alone for a moment. */
export function ResultAnnouncer({
  result,
  settled,
}: {
  readonly result: Result;
  readonly settled: boolean;
}) {
  const [announced, setAnnounced] = useState("");
  const text = settled ? announcement(result) : "";
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

function announcement(result: Result): string {
  switch (result.kind) {
    case "digit": {
      const { digit, confidence } = result;
      return `Answer: ${digitName(digit)}. ${confidenceLabel(confidence)}, ${formatPercent(confidence)}.`;
    }
    case "not_a_digit":
      return "This does not look like a digit.";
    case "empty":
      return "No digit yet.";
    case "pending":
      return "";
  }
}
