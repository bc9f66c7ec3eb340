import { Switch } from "../Switch";
import { type BestProps, BestScore } from "./BestScore";

interface Props extends BestProps {
  readonly auto: boolean;
  readonly onAuto: (auto: boolean) => void;
  readonly onStart: () => void;
}

/** What the game is, and its settings. */
export function GameStart({ auto, onAuto, onStart, ...best }: Props) {
  return (
    <div className="game-start">
      <p className="game-lead">
        Write ten digits, one after the other. How many does the network recognize, and which one is
        the hardest for it?
      </p>
      <button type="button" className="primary game-play" onClick={onStart}>
        Play
      </button>
      <div className="game-settings">
        <Switch label="Go on by itself after a pause" on={auto} onChange={onAuto} />
        <BestScore {...best} />
      </div>
      <p className="game-note">
        Your digits are recognized by the server, which keeps nothing of them.
      </p>
    </div>
  );
}
