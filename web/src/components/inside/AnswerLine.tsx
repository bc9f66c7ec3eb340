import type { ReactNode } from "react";
import type { ExplainedPrediction } from "../../lib/api/client";
import { areDigits } from "../../lib/classes";
import { DigitIcon } from "../DigitIcon";
import { resultOf, resultText } from "../PredictionResult";
import { announcement, ResultAnnouncer } from "../ResultAnnouncer";

interface Props {
  readonly prediction: ExplainedPrediction | undefined;
  readonly hasDrawing: boolean;
  readonly classes: readonly string[];
  /** Whether the answer is for an earlier version of the drawing, while one draws. */
  readonly stale: boolean;
  /** The same, until Predict is pressed. */
  readonly outdated: boolean;
  readonly children?: ReactNode;
}

/** The answer in one line: the digit, how sure the network is, and what it is about. */
export function AnswerLine(props: Props) {
  const { prediction, hasDrawing, classes, stale, outdated, children } = props;
  const result = resultOf(
    hasDrawing ? "drawing" : "nothing",
    prediction && { ...ABSENT, ...prediction },
    classes,
  );
  const [heading, detail] = resultText(result, classes, true, outdated);
  const digit = result.kind === "answer" ? result.digit : null;
  const isDigit = areDigits(classes);
  return (
    <div
      className="answer-line"
      data-testid="inside-answer"
      data-digit={digit ?? "none"}
      data-state={result.kind}
      data-stale={stale || undefined}
    >
      <div className="answer-frame">
        {isDigit || digit !== null ? (
          <DigitIcon digit={digit} />
        ) : (
          <b>{result.kind === "answer" ? result.label : "–"}</b>
        )}
      </div>
      <p>
        <strong>{heading}</strong> <span className="answer-detail">{detail}</span>
        {children}
      </p>
      <ResultAnnouncer text={stale || outdated ? "" : announcement(result, classes, false)} />
    </div>
  );
}

/** What an explanation's prediction lacks, and the text of a result does not need. */
const ABSENT = {
  seen: null,
  may_be_number: false,
  model: { name: "", digest: "" },
  profile: null,
  duration_ms: 0,
};
