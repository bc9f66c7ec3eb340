import { memo } from "react";
import type { PendingDigit } from "../../lib/handwriting/pending";
import { DIGITS_PER_ROUND, type Place, placeName } from "../../lib/handwriting/plan";
import type { ProfileSample } from "../../lib/profiles/api";
import { CANVAS_SIZE, type Stroke, strokeShape } from "../../lib/strokes";

interface Props {
  readonly rounds: number;
  readonly kept: readonly ProfileSample[];
  readonly pending: readonly PendingDigit[];
  readonly skipped: ReadonlySet<string>;
  /** What is asked for now. */
  readonly place: Place | null;
}

const DIGITS = Array.from({ length: DIGITS_PER_ROUND }, (_, digit) => digit);

/** The sheet that fills: a column for each digit and a row for each round. */
export const WrittenSheet = memo(function WrittenSheet(props: Props) {
  const { rounds, kept, pending, skipped, place } = props;
  const columns = DIGITS.map((digit) => [
    ...kept.filter(({ label }) => label === digit),
    ...pending.filter(({ label }) => label === digit),
  ]);
  return (
    <div className="written">
      <table className="written-sheet">
        <caption className="visually-hidden">Your digits, as the network sees them</caption>
        <thead>
          <tr>
            {DIGITS.map((digit) => (
              <th scope="col" key={digit}>
                {digit}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rounds }, (_, round) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rounds are identified by their number
            <tr key={round}>
              {DIGITS.map((digit) => {
                const written = columns[digit]?.[round];
                const isNext = place?.round === round && place.digit === digit;
                const isSkipped = skipped.has(placeName({ round, digit }));
                return (
                  <td key={digit} data-next={isNext || undefined}>
                    {written ? (
                      <Written {...written} />
                    ) : (
                      <span aria-hidden="true">{isSkipped ? "–" : ""}</span>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
});

type Picture = Pick<PendingDigit, "label" | "strokes" | "seen"> | ProfileSample;

/** A digit as the network saw it; as it was drawn, until that is known. */
export function Written(digit: Picture) {
  const { seen, label } = digit;
  if (seen !== null) {
    return <img className="seen" src={seen} width={28} height={28} alt={`${label}, written`} />;
  }
  return (
    <svg
      className="seen"
      viewBox={`0 0 ${CANVAS_SIZE} ${CANVAS_SIZE}`}
      role="img"
      aria-label={`${label}, written`}
    >
      {(digit.strokes as readonly Stroke[]).map((stroke, index) => {
        const { path, width } = strokeShape(stroke);
        return (
          <path
            // biome-ignore lint/suspicious/noArrayIndexKey: strokes are identified by their position
            key={index}
            d={path}
            strokeWidth={width ?? 0}
            data-filled={width === null || undefined}
          />
        );
      })}
    </svg>
  );
}
