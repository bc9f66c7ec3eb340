import type { CSSProperties, KeyboardEvent } from "react";
import { MIN_LABEL_SHARE, type ShownNumber, spreadLabels } from "../lib/numbers";
import { digitLabel } from "../lib/numberText";
import { NUMBER_WIDTH } from "../lib/strokes";
import { MARGIN } from "./DrawingArea";
import "../styles/digit-strip.css";

interface Props {
  readonly shown: ShownNumber | undefined;
  readonly selected: number | null;
  /** Whether the number is rejected, or of an earlier version of the drawing. */
  readonly muted: boolean;
  readonly onSelect: (index: number) => void;
  readonly onCorrect: (index: number, digit: number) => void;
  readonly onUncorrect: (index: number) => void;
}

/** The digits found, each below its box. Arrow keys choose one, and a digit key corrects it. */
export function DigitStrip({ shown, selected, muted, onSelect, onCorrect, onUncorrect }: Props) {
  const digits = shown?.digits ?? [];
  const share = Math.min(1 / Math.max(1, digits.length), MIN_LABEL_SHARE);
  const places = spreadLabels(
    digits.map(({ box: [left, , width] }) => (left + width / 2) / NUMBER_WIDTH),
    share,
  );
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9]$/.test(event.key)) onCorrect(index, Number(event.key));
    else if (/^(Backspace|Delete)$/.test(event.key)) onUncorrect(index);
    else return;
    // Otherwise, Delete would clear the drawing.
    event.preventDefault();
  };
  return (
    <fieldset className="digit-strip" data-muted={muted || undefined} data-testid="digits">
      <legend className="visually-hidden">Digits found</legend>
      {digits.map((digit, index) => (
        <label
          // biome-ignore lint/suspicious/noArrayIndexKey: digits are identified by their position
          key={index}
          data-yours={digit.yours || undefined}
          style={
            {
              "--center": (MARGIN + (places[index] ?? 0) * NUMBER_WIDTH) / SHEET_WIDTH,
              "--share": share,
            } as CSSProperties
          }
        >
          <input
            type="radio"
            name="number-digit"
            aria-label={digitLabel(digit, index, digits.length)}
            checked={index === selected}
            onChange={() => onSelect(index)}
            // A click on the one that is shown because it is the least sure is no change.
            onClick={() => onSelect(index)}
            onKeyDown={(event) => onKeyDown(event, index)}
          />
          <span aria-hidden="true">{digit.digit}</span>
        </label>
      ))}
    </fieldset>
  );
}

const SHEET_WIDTH = NUMBER_WIDTH + 2 * MARGIN;
