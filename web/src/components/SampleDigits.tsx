import { memo } from "react";
import { DigitIcon } from "./DigitIcon";

interface Props {
  readonly onSample: (digit: number) => void;
}

/** Ten digits to start from. */
export const SampleDigits = memo(function SampleDigits({ onSample }: Props) {
  return (
    <fieldset className="sample-digits">
      <legend>Start from a sample</legend>
      {Array.from({ length: 10 }, (_, digit) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: the index is the digit
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
