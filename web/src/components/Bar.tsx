import type { ReactNode } from "react";
import { formatPercent } from "../lib/format";

interface Props {
  readonly name: ReactNode;
  readonly title: string;
  readonly probability: number | undefined;
  readonly predicted: boolean;
  readonly testId: string;
  /** What a click on the row does, if anything. */
  readonly choice?: {
    readonly label: string;
    readonly chosen: boolean;
    readonly onChoose: () => void;
  };
}

/** A row of a bar chart of probabilities. */
export function Bar({ name, title, probability, predicted, testId, choice }: Props) {
  return (
    <li data-predicted={predicted || undefined} data-chosen={choice?.chosen || undefined}>
      <span className="bar-name" title={title}>
        {name}
      </span>
      <span className="bar-track" aria-hidden="true">
        <span
          className="bar-fill"
          data-testid={testId}
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
      {choice && (
        <button
          type="button"
          className="bar-choice"
          aria-label={choice.label}
          aria-pressed={choice.chosen}
          onClick={choice.onChoose}
        />
      )}
    </li>
  );
}
