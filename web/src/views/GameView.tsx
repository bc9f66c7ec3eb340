import { useState } from "react";
import * as v from "valibot";
import { GameResult } from "../components/game/GameResult";
import { GameRound } from "../components/game/GameRound";
import { GameStart } from "../components/game/GameStart";
import { TeachThese } from "../components/game/TeachThese";
import { useGame } from "../hooks/useGame";
import { usePersistentState } from "../hooks/usePersistentState";
import { areDigits, classesOf, DIGITS } from "../lib/classes";
import { isBetter, ScoreSchema } from "../lib/game/best";
import { type Random, seededRandom, seedOf } from "../lib/game/random";
import { type Score, scoreOf } from "../lib/game/round";
import type { ViewProps } from "./viewProps";
import "../styles/notice.css";
import "../styles/game.css";
import "../styles/game-result.css";

interface Props extends ViewProps {
  /** The time in milliseconds, from any start. */
  readonly now?: (() => number) | undefined;
}

const PEN_WIDTH = 16;

/** A game that asks for ten digits, and shows which ones the network finds the hardest. */
export default function GameView({ api, models, model, address, now }: Props) {
  const [random] = useState(() => seededRandom(seedOf(address.parameters.seed)));
  const [rounds, setRounds] = useState(0);
  const [auto, setAuto] = usePersistentState("local", "game-auto", v.boolean(), true);
  const best = useBest();
  if (!areDigits(model ? classesOf(model) : DIGITS)) {
    return (
      <p className="game-lead">
        This model does not recognize digits. Choose another one in <a href="#/">Draw</a>.
      </p>
    );
  }
  return (
    <div className="game">
      {rounds === 0 ? (
        <GameStart auto={auto} onAuto={setAuto} onStart={() => setRounds(1)} {...best.shown} />
      ) : (
        <RoundOrResult
          key={rounds}
          api={api}
          model={models.requested}
          profiles={models.list?.profiles ?? false}
          random={random}
          auto={auto}
          now={now}
          best={best}
          onPlayAgain={() => setRounds(rounds + 1)}
        />
      )}
    </div>
  );
}

interface RoundProps extends Pick<Props, "api" | "now"> {
  readonly model: string | null;
  /** Whether the server keeps profiles. */
  readonly profiles: boolean;
  readonly random: Random;
  readonly auto: boolean;
  readonly best: ReturnType<typeof useBest>;
  readonly onPlayAgain: () => void;
}

function RoundOrResult(props: RoundProps) {
  const { api, model, profiles, random, auto, now, best, onPlayAgain } = props;
  const [previous] = useState(best.shown.best);
  const game = useGame(api, model, random, auto, { now, onOver: best.note });
  const { round, asked } = game;
  if (asked !== undefined) return <GameRound game={game} penWidth={PEN_WIDTH} />;
  return (
    <GameResult
      round={round}
      isBest={best.shown.keepBest && isBetter(scoreOf(round), previous)}
      onPlayAgain={onPlayAgain}
      {...best.shown}
    >
      {profiles && <TeachThese round={round} model={model} />}
    </GameResult>
  );
}

/** The best score, kept on this device unless the person does not want that. */
function useBest() {
  const [keepBest, setKeepBest] = usePersistentState("local", "game-keep", v.boolean(), true);
  const [best, setBest] = usePersistentState<Score | null>("local", "game-best", ScoreSchema, null);
  return {
    note: (score: Score) => {
      if (keepBest && isBetter(score, best)) setBest(score);
    },
    shown: {
      best,
      keepBest,
      onKeepBest: (keep: boolean) => {
        setKeepBest(keep);
        if (!keep) setBest(null);
      },
      onClearBest: () => setBest(null),
    },
  };
}
