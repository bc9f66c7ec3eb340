import { useMemo } from "react";
import { useThemeColor } from "../../hooks/useThemeColor";
import { formatCount, formatPercent } from "../../lib/format";
import { probabilityPixels } from "../../lib/lab/pictures";
import type { DrawingStep } from "../../lib/lab/progress";
import { DataTable } from "../DataTable";
import { PixelPicture } from "../PixelPicture";
import { ProbabilityBars } from "../ProbabilityBars";

interface Props {
  readonly classes: readonly string[];
  readonly history: readonly DrawingStep[];
  /** Why there is nothing to show yet. */
  readonly missing: string;
}

const MAX_ROWS = 60;

/** The user's own drawing, as the network predicts it while it learns. */
export function DrawingProgress({ classes, history, missing }: Props) {
  const last = history.at(-1);
  const shown = useMemo(() => history.map(({ probabilities }) => probabilities), [history]);
  const color = useThemeColor("--accent");
  const pixels = useMemo(
    () => probabilityPixels(shown, classes.length, color),
    [shown, classes.length, color],
  );
  if (!last) return <p className="muted">{missing}</p>;
  const best = indexOfMost(last.probabilities);
  const first = history[0]?.step ?? 0;
  return (
    <div className="drawing-progress">
      <ProbabilityBars
        classes={classes}
        probabilities={last.probabilities.slice(0, classes.length)}
        label={classes[best] ?? null}
      />
      <figure>
        <div className="probability-rows" aria-hidden="true">
          {classes.map((name) => (
            <span key={name}>{name}</span>
          ))}
        </div>
        <PixelPicture
          width={shown.length}
          height={classes.length}
          className="probability-history"
          label={`Probability of each class from step ${formatCount(first)} to step ${formatCount(last.step)}: ${changesInWords(history, classes)}`}
          pixels={pixels}
        />
        <figcaption>
          <span>{`step ${formatCount(first)}`}</span>
          <span>{`step ${formatCount(last.step)}`}</span>
        </figcaption>
      </figure>
      <DataTable
        caption="Step by step, in numbers"
        columns={["Step", "Prediction", "Probability"]}
        rows={() => stepRows(history, classes)}
      />
    </div>
  );
}

function stepRows(history: readonly DrawingStep[], classes: readonly string[]): string[][] {
  return history
    .slice(-MAX_ROWS)
    .reverse()
    .map(({ step, probabilities }) => {
      const most = indexOfMost(probabilities);
      const probability = formatPercent(probabilities[most] ?? 0);
      return [formatCount(step), classes[most] ?? "other", probability];
    });
}

export function indexOfMost(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > (values[best] ?? 0) ? index : best), 0);
}

const MAX_CHANGES = 6;

/** When the prediction changed: "3 from step 0, 7 from step 120". */
export function changesInWords(
  history: readonly DrawingStep[],
  classes: readonly string[],
): string {
  const changes: string[] = [];
  let previous = -1;
  for (const { step, probabilities } of history) {
    const most = indexOfMost(probabilities);
    if (most !== previous)
      changes.push(`${classes[most] ?? "other"} from step ${formatCount(step)}`);
    previous = most;
  }
  const left = changes.length - MAX_CHANGES;
  return `${left > 0 ? `${left} earlier changes, ` : ""}${changes.slice(-MAX_CHANGES).join(", ")}.`;
}
