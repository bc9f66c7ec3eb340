import { memo } from "react";
import { areDigits, MAX_ROWS, shownRows } from "../lib/classes";
import { digitName, formatCount } from "../lib/format";
import { Bar } from "./Bar";
import "../styles/bars.css";

interface Props {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** One for each class. */
  readonly probabilities: readonly number[] | undefined;
  /** The predicted class, whose bar is highlighted. */
  readonly label: string | null;
  /** The class that a person has chosen, and what choosing another one does. */
  readonly chosen?: string | null;
  readonly onChoose?: ((index: number) => void) | undefined;
}

const MAX_SHORT_NAME = 2;

/** Bar chart of the probabilities; of many classes, the most likely ones are shown.
 *
 * The rows keep their height and number, so that the layout never jumps.
 */
export const ProbabilityBars = memo(function ProbabilityBars(props: Props) {
  const { classes, probabilities, label, chosen, onChoose } = props;
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
          <Bar
            key={many ? position : index}
            title={name}
            name={
              many && probability === undefined ? (
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
              )
            }
            probability={probability}
            predicted={name === label}
            testId={`bar-${index}`}
            {...(onChoose && {
              choice: {
                label: `Change to ${digits ? digitName(index) : name}`,
                chosen: name === chosen,
                onChoose: () => onChoose(index),
              },
            })}
          />
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
