import { digitName } from "../../lib/format";
import { isRight, type Round } from "../../lib/game/round";
import { Icon } from "../icons";

interface Props {
  readonly round: Round;
  readonly place: number;
}

/** The digits of the round so far, with whether each was recognized. */
export function GameMarks({ round, place }: Props) {
  return (
    <ol className="game-marks" aria-label="Digits of this round">
      {round.digits.map((digit, index) => {
        const answer = round.answers[index];
        const known = answer !== undefined || index === place;
        const state = answer ? (isRight(answer) ? "right" : "wrong") : "open";
        return (
          <li key={digit} data-state={state} aria-current={index === place ? "step" : undefined}>
            <span aria-hidden="true">{known ? digit : "·"}</span>
            {answer && <Icon name={state === "right" ? "done" : "close"} />}
            <span className="visually-hidden">
              {known ? `${digitName(digit)}: ${state}` : "not asked yet"}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
