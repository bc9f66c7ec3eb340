import { memo } from "react";
import { DigitIcon } from "./DigitIcon";

/** Ten digits to start from. */
export const SampleDigits = memo(function SampleDigits({
  onSample,
}: {
  readonly onSample: (digit: number) => void;
}) {
  return (
    <fieldset className="sample-digits">
      <legend>Start from a sampleStrokes</legend>
      {Array.from({ length: 10 }, (_, digit) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: the digits are their places
          key={digit}
          type="button"
          aria-label={`Sample ${digit}`}
          onClick={() => onSample(digit)}
        >
          <DigitIcon digit={digit} />
        </button>
      ))}
    </fieldset>
  );
});
