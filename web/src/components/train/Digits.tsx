import { formatPercent } from "../../lib/format";
import type { ValidationDigit } from "../../lib/lab/schemas";

interface Props {
  readonly label: string;
  readonly digits: readonly ValidationDigit[];
}

/** Validation digits as the network sees them, with what they are and what was predicted. */
export function Digits({ label, digits }: Props) {
  return (
    <ul className="digits" aria-label={label}>
      {digits.map(({ number, actual, predicted, confidence, picture }) => (
        <li key={number}>
          <img
            src={picture}
            width={28}
            height={28}
            alt={`A ${actual}, predicted as ${predicted}`}
          />
          <span aria-hidden="true" className="digit-names">
            {actual === predicted ? actual : `${actual} → ${predicted}`}
          </span>
          <span className="muted">{formatPercent(confidence)}</span>
        </li>
      ))}
    </ul>
  );
}
