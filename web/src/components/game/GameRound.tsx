import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Game } from "../../hooks/useGame";
import { failureMessage } from "../../lib/api/errors";
import { digitName } from "../../lib/format";
import { answerText, spokenAnswer } from "../../lib/game/answerText";
import { type Answer, DIGITS_IN_ROUND, isRight } from "../../lib/game/round";
import { DigitIcon } from "../DigitIcon";
import { FreehandCanvas } from "../FreehandCanvas";
import { Icon } from "../icons";
import { Notice } from "../Notice";
import { GameMarks } from "./GameMarks";

interface Props {
  readonly game: Game;
  readonly penWidth: number;
}

/** Asks for a digit, with a drawing area for it, and shows the answer. */
export function GameRound({ game, penWidth }: Props) {
  const { asked = 0, answer, place, round, drawing } = game;
  const sheet = useRef<HTMLDivElement>(null);
  const [drawn, announceDrawing] = useState("");
  const question = `Write ${digitName(asked)}, ${place + 1} of ${DIGITS_IN_ROUND}.`;
  const spoken = answer ? spokenAnswer(answer) : question;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the place of the pen is old news then
  useEffect(() => announceDrawing(""), [spoken]);
  useEffect(() => {
    sheet.current?.querySelector<HTMLElement>("[role=application]")?.focus({ preventScroll: true });
  }, []);

  const onKeyDown = ({ key, target }: KeyboardEvent) => {
    const isOnSheet = target instanceof HTMLElement && target.role === "application";
    if (!isOnSheet) return;
    game.onKey();
    if (key === "Enter") (answer ? game.next : game.send)();
    if (key === "Delete" || key === "Backspace") game.clear();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the drawing area inside
    <div
      className="game-round"
      data-answered={answer !== undefined || undefined}
      onKeyDown={onKeyDown}
    >
      <p className="game-question" data-testid="game-question" data-digit={asked}>
        <span className="game-count">
          {place + 1} of {DIGITS_IN_ROUND}
        </span>{" "}
        <span className="game-ask">Write a{asked === 8 ? "n" : ""}</span>{" "}
        <strong key={place} className="game-digit">
          {asked}
        </strong>
      </p>
      <div className="game-sheet" ref={sheet} onPointerDownCapture={game.onPointerDown}>
        <FreehandCanvas
          label={`Drawing area for ${digitName(asked)}`}
          drawing={drawing}
          placeholder="Write it here"
          erasing={false}
          width={penWidth}
          update={game.update}
          onDraft={game.onDraft}
          announce={announceDrawing}
        />
        <p id="drawing-area-help" className="drawing-area-help">
          On the keyboard: arrow keys move the pen, Space lowers and lifts it, Enter is Done.
        </p>
      </div>
      <div className="game-side">
        <GameAnswer game={game} answer={answer} />
        <div className="game-buttons">
          <button
            type="button"
            className="primary"
            aria-disabled={(!answer && !game.canSend) || undefined}
            data-waiting={game.isWaiting || undefined}
            onClick={answer ? game.next : game.send}
          >
            {!answer ? "Done" : place + 1 < DIGITS_IN_ROUND ? "Next" : "Result"}
          </button>
          <button
            type="button"
            aria-disabled={drawing.strokes.length === 0 || answer !== undefined || undefined}
            onClick={game.clear}
          >
            <Icon name="clear" /> Clear
          </button>
        </div>
      </div>
      <GameMarks round={round} place={place} />
      <p className="visually-hidden" role="status" aria-live="polite" data-testid="game-announcer">
        {drawn || spoken}
      </p>
    </div>
  );
}

/** What the network takes the drawing for. */
function GameAnswer({
  game,
  answer,
}: {
  readonly game: Game;
  readonly answer: Answer | undefined;
}) {
  const { failure, isRetrying, isChecking, blank } = game;
  if (failure) {
    return (
      <div className="game-answer">
        <Notice {...failureMessage(failure)} retrying={isRetrying} retry_at_ms={null} />
      </div>
    );
  }
  const [heading, detail] = answer
    ? answerText(answer)
    : blank
      ? ["There is no ink to read", "Clear it, and draw larger."]
      : isChecking
        ? ["Reading your digit…", ""]
        : ["", ""];
  return (
    <div
      className="game-answer"
      data-testid="game-answer"
      data-right={answer ? isRight(answer) : undefined}
    >
      <div className="game-answer-digit">
        <DigitIcon key={answer?.digit} digit={answer?.digit ?? null} />
      </div>
      <p>
        <strong>
          {answer && <Icon name={isRight(answer) ? "done" : "close"} />} {heading}
        </strong>
        <span className="game-detail">{detail}</span>
      </p>
    </div>
  );
}
