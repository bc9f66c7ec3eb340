import { memo } from "react";
import { areDigits, MAX_ROWS, shownRows } from "../lib/classes";
import { digitName, formatCount, formatPercent } from "../lib/format";
import "../styles/bars.css";

interface Props {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** One for each class. */
  readonly probabilities: readonly number[] | undefined;
  /** The predicted class, whose bar is highlighted. */
  readonly label: string | null;
}

const MAX_SHORT_NAME = 2;

/** Bar chart of the probabilities; of many classes, the most likely ones are shown.
 *
 * The rows keep their height and number, so that the layout never jumps.
 */
export const ProbabilityBars = memo(function ProbabilityBars(props: Props) {
  const { classes, probabilities, label } = props;
  const digits = areDigits(classes);
  const many = classes.length > MAX_ROWS;
  const areShort = classes.every((name) => name.length <= MAX_SHORT_NAME);
  return (
    <div className="probabilities">
      <ol
        className="bars"
        data-names={areShort ? "short" : "long"}
        aria-label={digits ? "Probability of each digit" : "Probability of each class"}
      >
        {shownRows(classes, probabilities).map(({ index, name, probability }, position) => (
          // Of many classes, the rows are places in an order, which the classes take and leave.
          <li key={many ? position : index} data-predicted={name === label || undefined}>
            <span className="bar-name" title={name}>
              {many && probability === undefined ? (
                <span aria-hidden="true">–</span>
              ) : digits ? (
                <>
                  <span aria-hidden="true">{name}</span>
                  <span className="visually-hidden">{digitName(index)}: </span>
                </>
              ) : (
                <>
                  <bdi>{name}</bdi>
                  <span className="visually-hidden">: </span>
                </>
              )}
            </span>
            <span className="bar-track" aria-hidden="true">
              <span
                className="bar-fill"
                data-testid={`bar-${index}`}
                style={{ transform: `scaleX(${probability ?? 0})` }}
              />
            </span>
            <span className="bar-percent">
              {probability === undefined ? (
                <>
                  <span aria-hidden="true">–</span>
                  <span className="visually-hidden">none yet</span>
                </>
              ) : (
                formatPercent(probability)
              )}
            </span>
          </li>
        ))}
      </ol>
      {many && (
        <p className="bars-note">
          The {MAX_ROWS} most likely of {formatCount(classes.length)} classes
        </p>
      )}
    </div>
  );
});
