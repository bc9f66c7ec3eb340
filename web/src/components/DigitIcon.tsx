import { DIGIT_BOX, DIGIT_PATHS } from "../lib/digitPaths";

interface Props {
  /** null shows a dash. */
  readonly digit: number | null;
}

/** A handwritten digit. */
export function DigitIcon({ digit }: Props) {
  return (
    <svg
      className="digit-icon"
      viewBox={`-10 -10 ${DIGIT_BOX.width + 20} ${DIGIT_BOX.height + 20}`}
      aria-hidden="true"
      focusable="false"
    >
      <path pathLength={1} d={digit === null ? "M30,80 L70,80" : DIGIT_PATHS[digit]} />
    </svg>
  );
}
