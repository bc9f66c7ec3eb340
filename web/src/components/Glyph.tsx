import { GLYPH, GLYPHS } from "../lib/glyphs";

interface Props {
  /** null is a dash: no digit. */
  readonly digit: number | null;
  readonly className?: string;
}

/** A digit in the hand of this page. */
export function Glyph({ digit, className = "" }: Props) {
  return (
    <svg
      className={`glyph ${className}`}
      viewBox={`-10 -10 ${GLYPH.width + 20} ${GLYPH.height + 20}`}
      aria-hidden="true"
      focusable="false"
    >
      <path pathLength={1} d={digit === null ? "M30,80 L70,80" : GLYPHS[digit]} />
    </svg>
  );
}
