import { type ReactNode, useEffect, useRef } from "react";
import { formatPercent, withArticle } from "../../lib/format";
import { formatScore } from "../../lib/game/best";
import { type Answer, hardestFirst, isRight, type Round, scoreOf } from "../../lib/game/round";
import { Icon } from "../icons";
import { type BestProps, BestScore } from "./BestScore";

const HARDEST = 3;

interface Props extends BestProps {
  readonly round: Round;
  readonly isBest: boolean;
  readonly onPlayAgain: () => void;
  /** The offer to teach the digits. */
  readonly children: ReactNode;
}

/** The end of a round: the score, and which digits were the hardest for the network. */
export function GameResult({ round, isBest, onPlayAgain, children, ...best }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const answers = hardestFirst(round);
  return (
    <div className="game-result">
      <div className="game-score">
        <h3 ref={heading} tabIndex={-1} data-testid="game-score">
          {formatScore(scoreOf(round))}
        </h3>
        {isBest && <p className="game-new-best">This is your best score.</p>}
        <button type="button" className="primary game-play" onClick={onPlayAgain}>
          Play again
        </button>
      </div>
      <section aria-labelledby="game-hardest">
        <h3 id="game-hardest">The hardest for the network</h3>
        <ol className="game-hardest">
          {answers.slice(0, HARDEST).map((answer) => (
            <AnswerFigure key={answer.asked} answer={answer} />
          ))}
        </ol>
      </section>
      {children}
      <section aria-labelledby="game-others">
        <h3 id="game-others">The others</h3>
        <ol className="game-others">
          {answers.slice(HARDEST).map((answer) => (
            <AnswerFigure key={answer.asked} answer={answer} />
          ))}
        </ol>
      </section>
      <div className="game-settings">
        <BestScore {...best} />
      </div>
    </div>
  );
}

/** A digit as the network saw it, and what it took it for. */
function AnswerFigure({ answer }: { readonly answer: Answer }) {
  const { asked, digit, probability, seen } = answer;
  const right = isRight(answer);
  return (
    <li className="game-figure" data-testid={`game-answer-${asked}`} data-right={right}>
      {seen && (
        <img
          src={seen}
          width={28}
          height={28}
          alt={`Your ${asked} as the network saw it, 28 by 28 pixels`}
        />
      )}
      <p>
        <strong>
          <Icon name={right ? "done" : "close"} /> Your {asked}
        </strong>
        <span>
          {right
            ? "recognized"
            : digit === null
              ? "not taken for a digit"
              : `taken for ${withArticle(String(digit))}`}
        </span>
        <span className="game-detail">
          {formatPercent(probability)} for {asked}
        </span>
      </p>
    </li>
  );
}
