import { useEffect, useState } from "react";
import { confidenceLabel, digitName, formatPercent } from "../lib/format";
import type { State } from "./PredictionResult";

const AFTER_MS = 800;

/** Says an answer, politely, once the drawing has been left alone for a moment. */
export function ResultAnnouncer({
  state,
  settled,
}: {
  readonly state: State;
  readonly settled: boolean;
}) {
  const [said, setSaid] = useState("");
  const words = settled ? announcement(state) : "";
  useEffect(() => {
    if (!words) return;
    const timer = setTimeout(() => setSaid(words), AFTER_MS);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {said}
    </p>
  );
}

function announcement(state: State): string {
  switch (state.kind) {
    case "digit": {
      const { digit, confidence } = state;
      return `It reads ${digitName(digit)}. ${confidenceLabel(confidence)}, ${formatPercent(confidence)}.`;
    }
    case "not_a_digit":
      return "This does not look like a digit.";
    case "empty":
      return "No digit yet.";
    case "waiting":
      return "";
  }
}
