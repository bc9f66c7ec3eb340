import type { CSSProperties } from "react";
import { accuracyInWords, weakeningInWords } from "../../lib/handwriting/words";
import type { ProfileAccuracy } from "../../lib/profiles/api";
import { DataTable } from "../DataTable";

interface Props {
  readonly accuracy: ProfileAccuracy;
  /** Whether it is of an earlier version, until the one of this version has arrived. */
  readonly outdated: boolean;
  /** Whether it says here that the change was weakened. */
  readonly withWeakening: boolean;
}

/** How many of one's own samples are recognized, without and with what was learned. */
export function AccuracyPlot({ accuracy, outdated, withWeakening }: Props) {
  const { by_digit } = accuracy;
  const weakened = weakeningInWords(accuracy.personal_model);
  return (
    <div className="accuracy" data-outdated={outdated || undefined}>
      <p className="accuracy-total">
        <span className="counts" aria-hidden="true">
          {accuracy.right_before} → <strong>{accuracy.right_after}</strong>
          <span className="muted"> of {accuracy.samples}</span>
        </span>
        <span>{accuracyInWords(accuracy)}</span>
      </p>
      <div className="accuracy-bars" aria-hidden="true">
        {by_digit.map(({ samples, right_before, right_after }, digit) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the index is the digit
          <div key={digit}>
            <div className="pair" data-none={samples === 0 || undefined}>
              <span className="before" style={share(right_before, samples)} />
              <span className="after" style={share(right_after, samples)} />
            </div>
            <span>{digit}</span>
          </div>
        ))}
      </div>
      <p className="legend" aria-hidden="true">
        <span>
          <span className="swatch before" /> without your handwriting
        </span>
        <span>
          <span className="swatch after" /> with it
        </span>
      </p>
      {withWeakening && weakened && <p className="notice">{weakened}</p>}
      <p className="muted">
        Each sample is recognized by a model that was fitted to all the others, so this tells how
        well your next digits will be recognized.
      </p>
      <DataTable
        caption="Recognized samples by digit"
        summary="By digit, in numbers"
        columns={["Digit", "Samples", "Right without", "Right with"]}
        rows={() =>
          by_digit.map(({ samples, right_before, right_after }, digit) =>
            [digit, samples, right_before, right_after].map(String),
          )
        }
      />
    </div>
  );
}

const share = (right: number, samples: number) =>
  ({ "--share": samples === 0 ? 0 : right / samples }) as CSSProperties;
