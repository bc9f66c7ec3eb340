import { useCallback, useState } from "react";
import { type Guide, useGuide } from "../../hooks/useGuide";
import type { Learning } from "../../hooks/useLearning";
import type { PredictionApi } from "../../lib/api/client";
import { drawingOf, type PendingDigit } from "../../lib/handwriting/pending";
import { ROUNDS } from "../../lib/handwriting/plan";
import { countOf } from "../../lib/handwriting/words";
import type { ProfileSample } from "../../lib/profiles/api";
import { ControlButton } from "../train/ControlButton";
import { EffectOf } from "./EffectOf";
import { Writing } from "./Writing";
import { WrittenSheet } from "./WrittenSheet";

interface Props {
  readonly api: PredictionApi;
  readonly model: string | null;
  readonly kept: readonly ProfileSample[];
  readonly learning: Learning;
  readonly announce: (text: string) => void;
}

/** The guided writing: a digit to write, the sheet that fills, and what each round has brought. */
export function WritingSection({ api, model, kept, learning, announce }: Props) {
  const [writing, setWriting] = useState(false);
  const [here, setHere] = useState(false);
  const guide = useGuide(kept, learning);
  const { pending, setPending, busy, failure, effect, learn } = learning;

  const onWritten = useCallback(
    (digit: PendingDigit) => void look(api, model, digit, setPending, announce),
    [api, model, setPending, announce],
  );
  const start = () => {
    if (!guide.place) guide.startAgain();
    setHere(true);
    setWriting(true);
  };
  const stop = () => {
    setHere(true);
    setWriting(false);
    void learn(pending);
  };
  // A round ends when its digits are sent.
  const isWriting = writing && !busy && !failure && guide.place !== null;
  if (writing && busy) setWriting(false);

  return (
    <section className="card writing-section" aria-labelledby="writing-title">
      <h3 id="writing-title" tabIndex={-1}>
        Write digits
      </h3>
      <div className="writing-layout">
        <div className="stage">
          {isWriting && guide.place ? (
            <Writing
              guide={guide}
              place={guide.place}
              pending={pending}
              onWritten={onWritten}
              onStop={stop}
              announce={announce}
            />
          ) : (
            <>
              {busy ? (
                <p role="status">
                  {failure === null
                    ? `Learning from ${countOf(pending.length, "digit")}…`
                    : `${failure} What you wrote is kept in this tab. Trying again…`}
                </p>
              ) : failure !== null ? (
                <div className="notice">
                  <p role="alert">
                    <strong>{failure}</strong>{" "}
                    <span>{`What you wrote, ${countOf(pending.length, "digit")}, is kept in this tab.`}</span>
                  </p>
                  <p className="notice-actions">
                    <button type="button" onClick={stop}>
                      Try again
                    </button>
                    <button type="button" onClick={() => discard(learning)}>
                      Discard what I wrote
                    </button>
                  </p>
                </div>
              ) : effect ? (
                <EffectOf effect={effect} kept={kept} focus={here} />
              ) : pending.length > 0 ? (
                <p>{`${countOf(pending.length, "digit")} of yours ${pending.length === 1 ? "is" : "are"} not learned yet.`}</p>
              ) : (
                <p>
                  Ten digits, {ROUNDS} times each, take about five minutes. You can stop at any
                  time; one round already helps. Write as you always do, not as neatly as you can.
                </p>
              )}
              {!busy && failure === null && (
                <div className="control-row">
                  <ControlButton kind="primary" reason={null} onClick={start}>
                    {startLabel(guide, kept.length + pending.length)}
                  </ControlButton>
                  {pending.length > 0 && (
                    <button type="button" onClick={stop}>
                      {`Learn ${countOf(pending.length, "digit")} now`}
                    </button>
                  )}
                </div>
              )}
            </>
          )}
        </div>
        <WrittenSheet
          rounds={guide.rounds}
          kept={kept}
          pending={pending}
          skipped={guide.skipped}
          place={isWriting ? guide.place : null}
        />
      </div>
    </section>
  );
}

function startLabel({ place, rounds }: Guide, written: number): string {
  if (written === 0) return "Start writing";
  if (!place) return "Write what was skipped";
  return place.round < ROUNDS
    ? `Go on with round ${place.round + 1} of ${rounds}`
    : `Write another round`;
}

function discard({ setPending, setFailure }: Learning): void {
  setPending([]);
  setFailure(null);
}

/** Find out what the network sees of a digit; if it sees nothing, ask for the digit again. */
async function look(
  api: PredictionApi,
  model: string | null,
  digit: PendingDigit,
  setPending: Learning["setPending"],
  announce: (text: string) => void,
): Promise<void> {
  try {
    const { seen, reason } = await api.predict(
      drawingOf(digit.strokes),
      model,
      new AbortController().signal,
    );
    if (reason === "blank") {
      setPending((all) => all.filter(({ id }) => id !== digit.id));
      announce(`The ${digit.label} was too faint to be seen. Write it again.`);
    } else if (seen !== null) {
      setPending((all) => all.map((other) => (other.id === digit.id ? { ...other, seen } : other)));
    }
  } catch {
    // It is shown as it was drawn.
  }
}
