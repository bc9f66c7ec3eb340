import { DIGIT_BOX, DIGIT_PATHS } from "../lib/digitPaths";

interface Props {
  /** null is a dash: no digit. */
  readonly digit: number | null;
  readonly className?: string;
}

/** A digit in the hand of this page. */
export function DigitIcon({ digit, className = "" }: Props) {
  return (
    <svg
      className={`digit-icon ${className}`}
      viewBox={`-10 -10 ${DIGIT_BOX.width + 20} ${DIGIT_BOX.height + 20}`}
      aria-hidden="true"
      focusable="false"
    >
      <path pathLength={1} d={digit === null ? "M30,80 L70,80" : DIGIT_PATHS[digit]} />
    </svg>
  );
}
