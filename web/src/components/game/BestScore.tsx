import { formatScore } from "../../lib/game/best";
import type { Score } from "../../lib/game/round";
import { Switch } from "../Switch";

export interface BestProps {
  /** The best score on this device; null if there is none. */
  readonly best: Score | null;
  readonly keepBest: boolean;
  readonly onKeepBest: (keep: boolean) => void;
  readonly onClearBest: () => void;
}

/** The best score on this device, and whether it is kept. */
export function BestScore({ best, keepBest, onKeepBest, onClearBest }: BestProps) {
  return (
    <>
      <Switch label="Keep my best score on this device" on={keepBest} onChange={onKeepBest} />
      {best && (
        <p className="game-best">
          Best score: {formatScore(best)}{" "}
          <button type="button" className="ghost" onClick={onClearBest}>
            Clear it
          </button>
        </p>
      )}
    </>
  );
}
