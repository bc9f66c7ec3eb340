import { memo } from "react";
import { digitName, formatPercent } from "../lib/format";
import "../styles/bars.css";

interface Props {
  /** One for each digit. */
  readonly probabilities: readonly number[] | undefined;
  /** The predicted digit, whose bar is highlighted. */
  readonly digit: number | null;
}

const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

/** Bar chart of the ten probabilities. The rows keep their height, so that the layout never jumps. */
export const ProbabilityBars = memo(function ProbabilityBars({ probabilities, digit }: Props) {
  return (
    <ol className="bars" aria-label="Probability of each digit">
      {DIGITS.map((row) => {
        const probability = probabilities?.[row];
        return (
          <li key={row} data-predicted={row === digit || undefined}>
            <span className="bar-digit">
              <span aria-hidden="true">{row}</span>
              <span className="visually-hidden">{digitName(row)}: </span>
            </span>
            <span className="bar-track" aria-hidden="true">
              <span
                className="bar-fill"
                data-testid={`bar-${row}`}
                style={{ transform: `scaleX(${probability ?? 0})` }}
              />
            </span>
            <span className="bar-percent">
              {probability === undefined ? (
                <>
                  <span aria-hidden="true">–</span>
                  <span className="visually-hidden">none yet</span>
                </>
              ) : (
                formatPercent(probability)
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
});
