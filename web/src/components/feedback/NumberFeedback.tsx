import { type ReactNode, useState } from "react";
import { isHandwritingOn, useTeaching } from "../../hooks/useTeaching";
import { numberChange } from "../../lib/profiles/changeText";
import { HandwritingLink, TeachingOutcome } from "./TeachingOutcome";
import "../../styles/feedback.css";

interface Props {
  /** The digits of the corrected number. */
  readonly text: string;
  /** The drawing, as it was sent. */
  readonly body: () => { readonly image: string };
  readonly model: string | null;
  /** The text of the result. */
  readonly children: ReactNode;
}

/** Offers to keep the digits of a number that a person has corrected as samples. */
export default function NumberFeedback({ text, body, model, children }: Props) {
  const { state, teach, undo } = useTeaching();
  const [hasProfile] = useState(isHandwritingOn);
  if (state.kind !== "idle") {
    return (
      <div className="feedback">
        <TeachingOutcome
          state={state}
          kept={`Kept as samples of your ${text}.`}
          changed={({ samples }) => numberChange(samples)}
          onUndo={undo}
        />
      </div>
    );
  }
  return (
    <div className="feedback">
      {children}
      {hasProfile ? (
        <button
          type="button"
          onClick={() => teach((api) => api.correct({ ...body(), text, kind: "number" }, model))}
        >
          Teach it this
        </button>
      ) : (
        <p className="feedback-hint">
          To teach it your digits, turn on <HandwritingLink />.
        </p>
      )}
    </div>
  );
}
