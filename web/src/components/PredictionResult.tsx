import type { Prediction } from "../lib/api/client";
import { confidenceLabel, formatPercent, withArticle } from "../lib/format";
import { DigitIcon } from "./DigitIcon";
import { Notice, type NoticeProps } from "./Notice";
import "../styles/result.css";

export type Result =
  | { readonly kind: "empty" }
  | { readonly kind: "pending" }
  | { readonly kind: "digit"; readonly digit: number; readonly confidence: number }
  | { readonly kind: "not_a_digit"; readonly mostLikely: number };

export function resultOf(hasDrawing: boolean, prediction: Prediction | undefined): Result {
  if (!hasDrawing || prediction?.reason === "blank") return { kind: "empty" };
  if (!prediction) return { kind: "pending" };
  const { digit, probabilities, confidence } = prediction;
  if (digit !== null) return { kind: "digit", digit, confidence };
  return { kind: "not_a_digit", mostLikely: probabilities.indexOf(Math.max(...probabilities)) };
}

/** The text of a result: a heading and a detail. */
export function resultText(result: Result, live: boolean): [heading: string, detail: string] {
  switch (result.kind) {
    case "empty":
      return ["No digit yet", "Draw a digit from 0 to 9."];
    case "pending":
      return live ? ["Reading your digit…", ""] : ["Not read yet", "Press Predict."];
    case "digit": {
      const { digit, confidence } = result;
      return [confidenceLabel(confidence), `${formatPercent(confidence)} for ${digit}`];
    }
    case "not_a_digit":
      return [
        "This does not look like a digit",
        `If it is one, most likely ${withArticle(result.mostLikely)}.`,
      ];
  }
}

interface Props {
  readonly result: Result;
  readonly stale: boolean;
  readonly live: boolean;
  readonly seen: string | null;
  readonly notice: NoticeProps | null;
}

/** The predicted digit, its confidence, and the input of the network. */
export function PredictionResult({ result, stale, live, seen, notice }: Props) {
  const [heading, detail] = resultText(result, live);
  const digit = result.kind === "digit" ? result.digit : null;
  return (
    <div className="result" data-state={result.kind} data-stale={stale || undefined}>
      <figure className="result-digit" data-testid="result" data-digit={digit ?? "none"}>
        <div className="result-frame">
          {digit !== null && <span className="visually-hidden">{digit}</span>}
          <DigitIcon key={digit} digit={digit} />
        </div>
        <figcaption>Answer</figcaption>
      </figure>
      <figure className="result-seen">
        <div className="result-frame" data-seen={seen !== null || undefined}>
          {seen ? (
            <img
              src={seen}
              width={28}
              height={28}
              alt="The drawing after preprocessing, 28 by 28 pixels"
              data-testid="seen"
            />
          ) : (
            <span className="visually-hidden">Nothing yet</span>
          )}
        </div>
        <figcaption>What the network saw</figcaption>
      </figure>
      <div className="result-text">
        {notice ? (
          <Notice {...notice} />
        ) : (
          <p>
            <strong data-testid="result-heading">{heading}</strong> <span>{detail}</span>
          </p>
        )}
      </div>
    </div>
  );
}
