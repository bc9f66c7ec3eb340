import { useMemo, useState } from "react";
import { formatAddress } from "../../lib/address";
import { formatPercent } from "../../lib/format";
import type { RunDetail } from "../../lib/lab/schemas";
import { differingSettings, settingLabel } from "../../lib/lab/settings";
import { DataTable } from "../DataTable";
import { Chart, COLORS, type Series } from "./Chart";

const MEASURES = {
  validation_accuracy: "Validation accuracy",
  validation_loss: "Validation loss",
  accuracy: "Training accuracy",
  loss: "Training loss",
} as const;
type Measure = keyof typeof MEASURES;

interface Props {
  readonly runs: readonly RunDetail[];
  /** Number of runs that are still being loaded. */
  readonly pending: number;
}

/** Runs in one plot, with the settings that differ between them. */
export function Comparison({ runs, pending }: Props) {
  const [measure, setMeasure] = useState<Measure>("validation_accuracy");
  const [emphasized, setEmphasized] = useState<number | null>(null);
  const percent = measure.endsWith("accuracy");
  const series = useMemo<Series[]>(
    () =>
      runs.map(({ name, records }, index) => ({
        name,
        color: index % COLORS,
        // Beyond eight runs the colors come again, with other lines.
        dashed: Math.floor(index / COLORS) % 2 === 1,
        points: records.length < 40 && runs.length <= COLORS,
        curve: { x: records.map(({ epoch }) => epoch), y: records.map((epoch) => epoch[measure]) },
      })),
    [runs, measure],
  );
  const settings = useMemo(
    () =>
      differingSettings(
        runs.map(({ recipe, settings, epochs, changes }) => ({
          recipe,
          ...settings,
          // These may have changed while it trained.
          epochs,
          changes_while_training: changes.length,
        })),
      ),
    [runs],
  );
  const results = runs.map(({ records }) => {
    const values = records.flatMap((epoch) => epoch[measure] ?? []);
    if (values.length === 0) return "–";
    const best = percent ? Math.max(...values) : Math.min(...values);
    return percent ? formatPercent(best) : best.toPrecision(3);
  });
  return (
    <article className="comparison" aria-busy={pending > 0}>
      <header className="section-head">
        <h3>{`${runs.length} runs compared`}</h3>
        <label className="inline-field">
          <span>Show</span>
          <select value={measure} onChange={(event) => setMeasure(event.target.value as Measure)}>
            {Object.entries(MEASURES).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </header>
      <Chart
        description={`${MEASURES[measure]} by epoch of ${runs.length} runs. The table below has the best value of each.`}
        xName="Epoch"
        series={series}
        percent={percent}
        emphasized={emphasized}
      />
      {pending > 0 && <p className="muted">{`Loading ${pending} more…`}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <section className="scrolls" tabIndex={0} aria-label="Settings that differ">
        <table className="numbers compared">
          <caption className="visually-hidden">
            The best value of each run, and the settings that differ
          </caption>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">{`Best ${MEASURES[measure].toLowerCase()}`}</th>
              {settings.map(({ name }) => (
                <th key={name} scope="col">
                  {settingLabel(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map(({ name }, index) => (
              <tr
                key={name}
                onPointerEnter={() => setEmphasized(index)}
                onPointerLeave={() => setEmphasized(null)}
                onFocus={() => setEmphasized(index)}
                onBlur={() => setEmphasized(null)}
              >
                <th scope="row">
                  <a href={formatAddress({ view: "train", parameters: { run: name } })}>
                    <span
                      className="swatch"
                      data-color={index % COLORS}
                      data-dashed={Math.floor(index / COLORS) % 2 === 1 || undefined}
                      aria-hidden="true"
                    />
                    {name}
                  </a>
                </th>
                <td>{results[index]}</td>
                {settings.map(({ name: setting, values }) => (
                  <td key={setting}>{values[index]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {settings.length === 0 && runs.length > 1 && pending === 0 && (
        <p className="muted">All their settings are the same.</p>
      )}
      <DataTable
        caption="The curves in numbers"
        columns={["Epoch", ...runs.map(({ name }) => name)]}
        rows={() => curveRows(runs, measure, percent)}
      />
    </article>
  );
}

function curveRows(runs: readonly RunDetail[], measure: Measure, percent: boolean): string[][] {
  const columns = runs.map(
    ({ records }) => new Map(records.map((epoch) => [epoch.epoch, epoch[measure]])),
  );
  const epochs = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort(
    (a, b) => a - b,
  );
  return epochs.map((epoch) => [
    String(epoch),
    ...columns.map((column) => {
      const value = column.get(epoch) ?? null;
      return value === null ? "–" : percent ? formatPercent(value) : value.toPrecision(3);
    }),
  ]);
}
