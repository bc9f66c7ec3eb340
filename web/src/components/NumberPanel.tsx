import type { ReactNode } from "react";
import type { NumberState } from "../hooks/useNumber";
import { DIGITS } from "../lib/classes";
import { MAX_CANDIDATES, type ShownNumber } from "../lib/numbers";
import { digitPlace, type NumberResult } from "../lib/numberText";
import { ariaKeyShortcuts } from "../lib/shortcuts";
import { Bar } from "./Bar";
import { ConstraintsPanel } from "./ConstraintsPanel";
import { Notice, type NoticeProps } from "./Notice";
import { ProbabilityBars } from "./ProbabilityBars";
import { ShortcutHint } from "./ShortcutKeys";
import { Switch } from "./Switch";
import "../styles/number.css";
import "../styles/result.css";

interface Props {
  readonly number: NumberState;
  readonly result: NumberResult;
  /** Heading and detail of the result. */
  readonly text: readonly [string, string];
  readonly outdated: boolean;
  readonly notice: NoticeProps | null;
  readonly keepSeparators: boolean;
  readonly onKeepSeparators: (keep: boolean) => void;
  readonly copied: "copied" | "failed" | null;
  readonly onCopy: () => void;
  readonly controls: ReactNode;
  /** Adds a question to the text of the result. */
  readonly ask: ((text: ReactNode) => ReactNode) | undefined;
}

/** The number that was recognized, the probabilities of one of its digits, and other candidates. */
export function NumberPanel(props: Props) {
  const { number, result, text, outdated, notice, keepSeparators, onKeepSeparators } = props;
  const { copied, onCopy, controls, ask } = props;
  const { shown, answer, selected, correct, choose, takeBack } = number;
  const digit = selected === null ? undefined : shown?.digits[selected];
  const [heading, detail] = text;
  const isAnswer = result.kind === "answer" || result.kind === "edited";
  const textOfResult = (
    <p>
      <strong data-testid="result-heading">{heading}</strong>{" "}
      <span className="result-detail">{detail}</span>
    </p>
  );
  return (
    <>
      <div
        className="number-answer"
        data-state={result.kind}
        data-stale={number.stale || undefined}
        data-outdated={outdated || undefined}
      >
        <NumberText text={isAnswer ? result.text : ""} shown={shown} />
        <div className="number-actions">
          <button
            type="button"
            className="copy"
            aria-disabled={!isAnswer || undefined}
            aria-keyshortcuts={ariaKeyShortcuts("copy")}
            onClick={onCopy}
          >
            <span>{copied ? { copied: "Copied", failed: "Not copied" }[copied] : "Copy"}</span>
            <ShortcutHint command="copy" />
          </button>
          <button
            type="button"
            aria-disabled={result.kind !== "edited" || undefined}
            onClick={() => result.kind === "edited" && takeBack()}
          >
            Undo corrections
          </button>
          <Switch label="Separators" on={keepSeparators} onChange={onKeepSeparators} />
        </div>
        <div className="result-text">
          {notice ? <Notice {...notice} /> : ask ? ask(textOfResult) : textOfResult}
        </div>
      </div>
      <div className="number-digit">
        <h2 data-testid="digit-caption">{digitCaption(shown, selected, number.isChosen)}</h2>
        <ProbabilityBars
          classes={DIGITS}
          probabilities={digit?.probabilities}
          label={digit?.predicted == null || outdated ? null : String(digit.predicted)}
          chosen={digit ? String(digit.digit) : null}
          onChoose={selected === null || !digit ? undefined : (chosen) => correct(selected, chosen)}
        />
      </div>
      <Candidates
        candidates={answer?.candidates ?? []}
        text={isAnswer ? (shown?.text ?? null) : null}
        onChoose={choose}
      />
      {controls}
      <ConstraintsPanel typed={number.typed} onType={number.setTyped} invalid={number.invalid} />
    </>
  );
}

function digitCaption(shown: ShownNumber | undefined, selected: number | null, isChosen: boolean) {
  const digit = selected === null ? undefined : shown?.digits[selected];
  if (!shown || selected === null || !digit) return "Digits";
  const place = digitPlace(selected, shown.digits.length);
  if (digit.yours) return `${place}, corrected by you`;
  return isChosen || shown.digits.length === 1 ? place : `${place}, the least sure`;
}

/** The number, in letters that are as large as fit, with the corrected digits marked. */
function NumberText({ text, shown }: { text: string; shown: ShownNumber | undefined }) {
  let position = 0;
  const signs = [...text].map((sign) => {
    const digit = /[0-9]/.test(sign) ? shown?.digits[position++] : undefined;
    return { sign, yours: digit?.yours ?? false };
  });
  return (
    <div className="number-frame">
      {text ? (
        <output
          className="number-text"
          dir="ltr"
          data-testid="number"
          style={{ "--length": Math.max(4, text.length) } as React.CSSProperties}
        >
          {signs.map(({ sign, yours }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: signs are identified by their position
            <span key={index} data-yours={yours || undefined}>
              {sign}
            </span>
          ))}
        </output>
      ) : (
        <output className="number-text" data-testid="number">
          <span aria-hidden="true">–</span>
          <span className="visually-hidden">No number</span>
        </output>
      )}
    </div>
  );
}

interface CandidatesProps {
  readonly candidates: readonly { readonly text: string; readonly probability: number }[];
  /** The number that is shown. */
  readonly text: string | null;
  readonly onChoose: (text: string) => void;
}

/** The most probable numbers. The list keeps its number of rows, so that the layout never jumps. */
function Candidates({ candidates, text, onChoose }: CandidatesProps) {
  const rows = Array.from({ length: MAX_CANDIDATES }, (_, index) => candidates[index]);
  return (
    <div
      className="number-candidates"
      data-long={candidates.some(({ text }) => text.length > 12) || undefined}
    >
      <h2>Candidates</h2>
      <ol className="bars" data-names="long" aria-label="Probability of each candidate">
        {rows.map((candidate, index) => (
          <Bar
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are places in an order
            key={index}
            title={candidate?.text ?? ""}
            name={candidate ? <bdi>{candidate.text}</bdi> : <span aria-hidden="true">–</span>}
            probability={candidate?.probability}
            predicted={candidate !== undefined && candidate.text === text}
            testId={`candidate-${index}`}
            {...(candidate && {
              choice: {
                label: `Choose ${candidate.text}`,
                chosen: candidate.text === text,
                onChoose: () => onChoose(candidate.text),
              },
            })}
          />
        ))}
      </ol>
    </div>
  );
}
