import type { PredictionState } from "../hooks/usePrediction";
import { confidenceLabel, formatPercent } from "../lib/format";
import { DigitIcon } from "./DigitIcon";
import { Notice, type NoticeProps } from "./Notice";
import "../styles/result.css";

export type State =
  | { readonly kind: "empty" }
  | { readonly kind: "waiting" }
  | { readonly kind: "digit"; readonly digit: number; readonly confidence: number }
  | { readonly kind: "not_a_digit"; readonly closest: number; readonly confidence: number };

/** What there is to say of a drawing. */
export function resultState(
  drawn: boolean,
  { prediction }: Pick<PredictionState, "prediction">,
): State {
  if (!drawn || prediction?.reason === "blank") return { kind: "empty" };
  if (!prediction) return { kind: "waiting" };
  const { digit, probabilities, confidence } = prediction;
  if (digit !== null) return { kind: "digit", digit, confidence };
  return {
    kind: "not_a_digit",
    closest: probabilities.indexOf(Math.max(...probabilities)),
    confidence,
  };
}

/** Two lines: what it is, and how sure or what to do. */
export function resultText(state: State, live: boolean): [string, string] {
  switch (state.kind) {
    case "empty":
      return ["No digit yet", "Draw one, from 0 to 9."];
    case "waiting":
      return live ? ["No digit yet", "Reading."] : ["Not read yet", "Press Predict."];
    case "digit":
      return [confidenceLabel(state.confidence), `${formatPercent(state.confidence)} sure`];
    case "not_a_digit":
      return [
        "This does not look like a digit",
        `The closest is ${state.closest}, at ${formatPercent(state.confidence)}.`,
      ];
  }
}

interface Props {
  readonly state: State;
  readonly stale: boolean;
  readonly live: boolean;
  readonly seen: string | null;
  readonly notice: NoticeProps | null;
}

/** The digit, big; how sure; and what the network saw. */
export function PredictionResult({ state, stale, live, seen, notice }: Props) {
  const [first, second] = resultText(state, live);
  const digit = state.kind === "digit" ? state.digit : null;
  return (
    <div className="result" data-state={state.kind} data-stale={stale || undefined}>
      <figure className="result-digit" data-testid="result" data-digit={digit ?? "none"}>
        <div className="result-frame">
          {digit !== null && <span className="visually-hidden">{digit}</span>}
          <DigitIcon key={digit} digit={digit} />
        </div>
        <figcaption>It reads</figcaption>
      </figure>
      <figure className="result-seen">
        <div className="result-frame" data-seen={seen !== null || undefined}>
          {seen ? (
            <img
              src={seen}
              width={28}
              height={28}
              alt="The drawing after the clean-up, 28 by 28 pixels"
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
            <strong data-testid="result-heading">{first}</strong> <span>{second}</span>
          </p>
        )}
      </div>
    </div>
  );
}
