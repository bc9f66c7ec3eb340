import { useState } from "react";
import { isHandwritingOn, useTeaching } from "../../hooks/useTeaching";
import { digitName } from "../../lib/format";
import type { Round } from "../../lib/game/round";
import { countOf } from "../../lib/handwriting/words";
import { digitsChange } from "../../lib/profiles/changeText";
import { HandwritingLink, TeachingOutcome } from "../feedback/TeachingOutcome";
import "../../styles/feedback.css";

interface Props {
  readonly round: Round;
  readonly model: string | null;
}

/** Offers to keep the digits of a round as samples, after the person has confirmed which. */
export function TeachThese({ round, model }: Props) {
  const { state, teach, undo } = useTeaching();
  const [hasProfile] = useState(isHandwritingOn);
  const [confirming, setConfirming] = useState(false);
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const chosen = round.answers.filter(({ asked }) => !left.has(asked));

  const toggle = (digit: number) => {
    const next = new Set(left);
    if (!next.delete(digit)) next.add(digit);
    setLeft(next);
  };
  const send = () => {
    if (chosen.length === 0) return;
    void teach((api) =>
      api.add(
        chosen.map(({ asked, image }) => ({ image, label: asked, source: "drawn" as const })),
        model,
      ),
    );
  };
  return (
    <section className="game-teach" aria-labelledby="game-teach">
      <h3 id="game-teach">Teach it these</h3>
      {!hasProfile ? (
        <p>
          With <HandwritingLink /> turned on, the network learns how you write. Until then, nothing
          is kept.
        </p>
      ) : state.kind !== "idle" ? (
        <div className="feedback">
          <TeachingOutcome
            state={state}
            kept={`Kept as ${countOf(state.kind === "taught" ? state.change.samples.length : 0, "sample")}.`}
            changed={({ samples }) => digitsChange(samples)}
            onUndo={undo}
          />
        </div>
      ) : !confirming ? (
        <>
          <p>Keep these digits as samples of your handwriting, and the network learns from them.</p>
          <button type="button" onClick={() => setConfirming(true)}>
            Teach it these
          </button>
        </>
      ) : (
        <fieldset>
          <legend>Leave out what is not written as it was asked for.</legend>
          <div className="game-samples">
            {round.answers.map(({ asked, image }) => (
              <label key={asked}>
                <input
                  type="checkbox"
                  aria-label={`Your ${digitName(asked)}`}
                  checked={!left.has(asked)}
                  onChange={() => toggle(asked)}
                />
                <img src={image} width={280} height={280} alt="" />
                <span aria-hidden="true">{asked}</span>
              </label>
            ))}
          </div>
          <div className="game-buttons">
            <button
              type="button"
              className="primary"
              aria-disabled={chosen.length === 0 || undefined}
              onClick={send}
            >
              Keep {countOf(chosen.length, "sample")}
            </button>
            <button type="button" onClick={() => setConfirming(false)}>
              Cancel
            </button>
          </div>
        </fieldset>
      )}
    </section>
  );
}
