import { areDigits, MAX_ROWS } from "../../lib/classes";
import { digitName, formatPercent } from "../../lib/format";
import { question } from "../../lib/inside/words";

interface Props {
  readonly classes: readonly string[];
  readonly probabilities: readonly number[] | undefined;
  /** The predicted class. */
  readonly answer: string | null;
  /** The class that is explained, and whether a person has chosen it. */
  readonly target: string | undefined;
  readonly chosen: string | null;
  readonly onChoose: (target: string | null) => void;
}

/** The classes with their probabilities; any of them can be explained. */
export function TargetChooser(props: Props) {
  const { classes, probabilities, answer, target, chosen, onChoose } = props;
  const digits = areDigits(classes);
  const title = target === undefined ? "Why this answer?" : question(target, answer);
  return (
    <section className="target-chooser" aria-labelledby="target-title">
      <header>
        <h3 id="target-title">{title}</h3>
        <button
          type="button"
          className="ghost"
          aria-disabled={chosen === null || undefined}
          onClick={() => chosen !== null && onChoose(null)}
        >
          Follow the answer
        </button>
      </header>
      {classes.length > MAX_ROWS ? (
        <select
          aria-label="Class to explain"
          value={chosen ?? ""}
          onChange={(event) => onChoose(event.target.value || null)}
        >
          <option value="">The most likely class</option>
          {classes.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      ) : (
        <fieldset className="target-classes">
          <legend className="visually-hidden">Class to explain</legend>
          {classes.map((name, index) => {
            const probability = probabilities?.[index];
            return (
              <label
                key={name}
                data-answer={name === answer || undefined}
                title={digits ? undefined : name}
              >
                <input
                  type="radio"
                  name="target"
                  aria-label={`${digits ? digitName(index) : name}, ${probability === undefined ? "no prediction yet" : formatPercent(probability)}`}
                  checked={name === target}
                  onChange={() => onChoose(name)}
                />
                <span className="target-bar" aria-hidden="true">
                  <span style={{ transform: `scaleY(${probability ?? 0})` }} />
                </span>
                <b aria-hidden="true">{name}</b>
                <span className="target-percent" aria-hidden="true">
                  {probability === undefined ? "–" : formatPercent(probability)}
                </span>
              </label>
            );
          })}
        </fieldset>
      )}
    </section>
  );
}
