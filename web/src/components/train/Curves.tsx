import { useMemo } from "react";
import { formatCount } from "../../lib/format";
import { type Curve, summarizeCurve } from "../../lib/lab/curves";
import type { Epoch, RunDetail } from "../../lib/lab/schemas";
import { DataTable } from "../DataTable";
import { Chart, formatValue, type Series } from "./Chart";

const TRAINING_COLOR = 1;
const VALIDATION_COLOR = 0;

/** Loss and accuracy of a run as it goes on, in training and in validation. */
export function Curves({ run }: { readonly run: RunDetail }) {
  const { curve, records, steps, epochs, step, epoch } = run;
  // The step at which an epoch ends; the records have only the epochs.
  const steps_per_epoch = steps > 0 && epochs > 0 ? steps / epochs : step / Math.max(1, epoch);
  const shown = useMemo(() => {
    const training = (name: "loss" | "accuracy"): Series => ({
      name: "training",
      color: TRAINING_COLOR,
      curve: { x: curve.map((point) => point.step), y: curve.map((point) => point[name]) },
    });
    const validation = (name: "validation_loss" | "validation_accuracy"): Series => ({
      name: "validation",
      color: VALIDATION_COLOR,
      points: records.length < 60,
      curve: {
        x: records.map((record) => Math.round(record.epoch * steps_per_epoch)),
        y: records.map((record) => record[name]),
      },
    });
    return {
      loss: [training("loss"), validation("validation_loss")],
      accuracy: [training("accuracy"), validation("validation_accuracy")],
    };
  }, [curve, records, steps_per_epoch]);
  return (
    <div className="curves">
      <figure>
        <h4>Loss</h4>
        <Chart description={inWords("Loss", shown.loss, false)} xName="Step" series={shown.loss} />
      </figure>
      <figure>
        <h4>Accuracy</h4>
        <Chart
          description={inWords("Accuracy", shown.accuracy, true)}
          xName="Step"
          series={shown.accuracy}
          percent
        />
      </figure>
      <p className="legend" aria-hidden="true">
        <span>
          <span className="swatch" data-color={TRAINING_COLOR} /> training
        </span>
        <span>
          <span className="swatch" data-color={VALIDATION_COLOR} /> validation, after each epoch
        </span>
      </p>
      <DataTable
        caption="The epochs in numbers"
        columns={EPOCH_COLUMNS}
        rows={() => records.map(epochRow).reverse()}
      />
    </div>
  );
}

const EPOCH_COLUMNS = [
  "Epoch",
  "Training loss",
  "Validation loss",
  "Training accuracy",
  "Validation accuracy",
  "Learning rate",
  "Images per second",
];

function epochRow(record: Epoch): string[] {
  const number = (value: number | null, percent: boolean) =>
    value === null ? "–" : formatValue(value, percent);
  return [
    String(record.epoch),
    number(record.loss, false),
    number(record.validation_loss, false),
    number(record.accuracy, true),
    number(record.validation_accuracy, true),
    record.learning_rate === null ? "–" : String(Number(record.learning_rate.toPrecision(3))),
    record.images_per_second === null ? "–" : formatCount(Math.round(record.images_per_second)),
  ];
}

function inWords(what: string, series: readonly Series[], percent: boolean): string {
  const parts = series.map(({ name, curve }) => `${name} ${courseOf(curve, percent)}`);
  return `${what} by step: ${parts.join("; ")}.`;
}

function courseOf(curve: Curve, percent: boolean): string {
  const summary = summarizeCurve(curve);
  if (!summary) return "not measured yet";
  const { first, last, least, greatest } = summary;
  const best = percent ? greatest : least;
  const [from, to, at] = [first, last, best].map((value) => formatValue(value, percent));
  return `from ${from} to ${to}, best ${at}`;
}
