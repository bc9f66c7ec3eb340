import { memo } from "react";
import { Glyph } from "./Glyph";

/** Ten digits to start from. */
export const Samples = memo(function Samples({
  onSample,
}: {
  readonly onSample: (digit: number) => void;
}) {
  return (
    <fieldset className="samples">
      <legend>Start from a sample</legend>
      {Array.from({ length: 10 }, (_, digit) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: the digits are their places
          key={digit}
          type="button"
          aria-label={`Sample ${digit}`}
          onClick={() => onSample(digit)}
        >
          <Glyph digit={digit} />
        </button>
      ))}
    </fieldset>
  );
});
