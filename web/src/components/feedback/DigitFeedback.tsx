import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { isHandwritingOn, useTeaching } from "../../hooks/useTeaching";
import type { PredictionBody } from "../../lib/api/client";
import { digitName } from "../../lib/format";
import { digitChange } from "../../lib/profiles/changeText";
import { Icon } from "../icons";
import { HandwritingLink, TeachingOutcome } from "./TeachingOutcome";
import "../../styles/feedback.css";

/** An answer that is surer than this teaches nothing when it is confirmed. */
const SURE = 0.99;
const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);

interface Props {
  /** What the drawing was recognized as; null if it was rejected. */
  readonly digit: number | null;
  readonly confidence: number;
  /** The drawing, as it was sent. */
  readonly body: () => PredictionBody;
  readonly model: string | null;
  /** The text of the result. */
  readonly children: ReactNode;
}

type Step = "asking" | "choosing" | "confirmed" | "denied" | "teaching";

/** "Was it right?", and if not, which digit it is. Something is kept only with a profile. */
export default function DigitFeedback({ digit, confidence, body, model, children }: Props) {
  const [step, setStep] = useState<Step>("asking");
  const [label, setLabel] = useState(0);
  const { state, teach, undo } = useTeaching();

  const teachDigit = (label: number) => {
    setLabel(label);
    setStep("teaching");
    void teach((api) => api.correct({ ...body(), text: String(label), kind: "digit" }, model));
  };
  const confirm = () => {
    if (digit !== null && confidence < SURE && isHandwritingOn()) teachDigit(digit);
    else setStep("confirmed");
  };
  const deny = () => setStep(isHandwritingOn() ? "choosing" : "denied");

  switch (step) {
    case "asking":
      return (
        <div className="feedback">
          {children}
          {digit === null ? (
            <button type="button" onClick={deny}>
              It is a digit
            </button>
          ) : (
            <fieldset className="feedback-question">
              <legend>Was it right?</legend>
              <span>
                <button type="button" onClick={confirm}>
                  Yes
                </button>
                <button type="button" onClick={deny}>
                  No
                </button>
              </span>
            </fieldset>
          )}
        </div>
      );
    case "choosing":
      return (
        <DigitChooser other={digit} onChoose={teachDigit} onCancel={() => setStep("asking")} />
      );
    case "confirmed":
      return (
        <Message>
          <strong>Thank you.</strong>{" "}
          {confidence >= SURE && isHandwritingOn()
            ? "It was sure already, so nothing was kept."
            : "Nothing was kept."}
        </Message>
      );
    case "denied":
      return (
        <Message>
          <strong>Nothing was kept.</strong> To teach it your digits, turn on <HandwritingLink />.
        </Message>
      );
    case "teaching":
      if (state.kind === "idle") return null;
      return (
        <div className="feedback">
          <TeachingOutcome
            state={state}
            kept={`Kept as a sample of your ${label}.`}
            changed={({ samples: [sample] }) => (sample ? digitChange(sample) : "")}
            onUndo={undo}
          />
        </div>
      );
  }
}

function Message({ children }: { readonly children: ReactNode }) {
  return (
    <div className="feedback">
      <p role="status">{children}</p>
    </div>
  );
}

interface ChooserProps {
  /** The digit that it is not; null if it was rejected. */
  readonly other: number | null;
  readonly onChoose: (digit: number) => void;
  readonly onCancel: () => void;
}

/** Ten buttons, one for each digit; the digit keys press them too. */
function DigitChooser({ other, onChoose, onCancel }: ChooserProps) {
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => group.current?.querySelector("button")?.focus({ preventScroll: true }), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") onCancel();
    else if (/^[0-9]$/.test(event.key) && Number(event.key) !== other) onChoose(Number(event.key));
    else return;
    event.preventDefault();
  };
  return (
    <fieldset className="feedback-digits" ref={group} onKeyDown={onKeyDown}>
      <legend>Which digit is it?</legend>
      {DIGITS.map((digit) => (
        <button
          key={digit}
          type="button"
          aria-label={digitName(digit)}
          disabled={digit === other}
          onClick={() => onChoose(digit)}
        >
          {digit}
        </button>
      ))}
      <button type="button" className="ghost" aria-label="Cancel" onClick={onCancel}>
        <Icon name="close" />
      </button>
    </fieldset>
  );
}
