import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Guide } from "../../hooks/useGuide";
import { useHistory } from "../../hooks/useHistory";
import { useSettings } from "../../hooks/useSettings";
import { newFreehandDrawing } from "../../lib/drawing";
import { withArticle } from "../../lib/format";
import type { PendingDigit } from "../../lib/handwriting/pending";
import { DIGITS_PER_ROUND, type Place } from "../../lib/handwriting/plan";
import { createHistory } from "../../lib/history";
import { FreehandCanvas } from "../FreehandCanvas";
import { ControlButton } from "../train/ControlButton";

interface Props {
  readonly guide: Guide;
  /** What is asked for. */
  readonly place: Place;
  readonly pending: readonly PendingDigit[];
  /** Called after each digit, to find out what the network sees of it. */
  readonly onWritten: (digit: PendingDigit) => void;
  readonly onStop: () => void;
  readonly announce: (text: string) => void;
}

/** Asks for a digit, and has a large area to write it on. */
export function Writing({ guide, place, pending, onWritten, onStop, announce }: Props) {
  const { present, update, undo, canUndo } = useHistory(() => createHistory(newFreehandDrawing()));
  const { penWidth } = useSettings("freehand");
  const [isPenDown, setPenDown] = useState(false);
  const section = useRef<HTMLDivElement>(null);
  const request = requestFor(place);
  const empty = present.strokes.length === 0;
  useEffect(() => {
    section.current?.querySelector<HTMLElement>(".drawing-area")?.focus({ preventScroll: true });
  }, []);
  const tell = useEffectEvent(() => announce(`${request}. ${progressOf(guide, place)}.`));
  useEffect(() => {
    if (request) tell();
  }, [request]);

  const clear = () => update(newFreehandDrawing());
  const next = () => {
    if (isPenDown) return announce("Lift the pen first: press Space.");
    if (empty) return announce(`Nothing is written yet. ${request}.`);
    const { digit } = guide.write(place, present.strokes);
    update(newFreehandDrawing());
    onWritten(digit);
  };
  const skip = () => {
    clear();
    guide.skip(place);
  };
  const redo = () => {
    clear();
    guide.redo();
  };

  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (event.altKey || target.closest("dialog, input, textarea, select")) return;
    const control = event.ctrlKey || event.metaKey;
    const onCanvas = target.closest(".drawing-area") !== null;
    if (event.key === "Enter" && !control && onCanvas) next();
    else if (event.key === "Delete" && !control) clear();
    else if (event.key === "z" && control && !event.shiftKey) undo();
    else return;
    event.preventDefault();
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => onKey(event);
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);

  return (
    <div className="writing" ref={section}>
      <p className="request">
        <strong>{request}</strong>
        <span className="muted">{progressOf(guide, place)}</span>
      </p>
      <FreehandCanvas
        label={`Drawing area. ${request}`}
        drawing={present}
        placeholder={request}
        erasing={false}
        width={penWidth}
        update={update}
        onDraft={(draft) => setPenDown(draft !== null)}
        announce={announce}
      />
      <p id="drawing-area-help" className="drawing-area-help">
        On the keyboard: arrow keys move the pen, Space lowers and lifts it, Enter goes on.
      </p>
      <div className="control-row writing-controls">
        <ControlButton
          kind="primary"
          reason={empty ? "Write the digit first." : null}
          onClick={next}
        >
          Next
          <span className="shortcut-hint" aria-hidden="true">
            <kbd>Enter</kbd>
          </span>
        </ControlButton>
        <ControlButton
          reason={canUndo && !empty ? null : "Nothing is written yet."}
          onClick={clear}
        >
          Clear
        </ControlButton>
        <button type="button" onClick={skip}>
          Skip
        </button>
        <ControlButton
          reason={pending.length > 0 ? null : "What came before is learned: delete it below."}
          onClick={redo}
        >
          Redo the last one
        </ControlButton>
        <button type="button" className="ghost" onClick={onStop}>
          Stop here
        </button>
      </div>
    </div>
  );
}

const requestFor = ({ digit }: Place) => `Write ${withArticle(String(digit))}`;

/** "Round 2 of 5, 3 of 10". */
function progressOf({ rounds, left }: Guide, { round }: Place): string {
  return `Round ${round + 1} of ${rounds}, ${left} of ${DIGITS_PER_ROUND} left`;
}
