import { formatCount } from "../../lib/format";
import type { Progress } from "../../lib/lab/progress";
import { formatDuration, placeInWords, stateInWords } from "../../lib/lab/words";
import { formatValue } from "./Chart";

interface Props {
  readonly progress: Progress;
  readonly connected: boolean;
}

/** Where a run is: its state, how far it has come, and how good it is. */
export function RunHead({ progress, connected }: Props) {
  const { run, speed, preparing } = progress;
  const { state, step, steps, message } = run;
  const place = preparing && state === "starting" ? preparing.text : placeInWords(run);
  const seconds_left = speed?.seconds_left ?? null;
  return (
    <>
      <header className="section-head run-head">
        <h3 id="run-title" tabIndex={-1}>
          {run.name}
        </h3>
        <span className="run-state" data-state={state} data-testid="run-state">
          {stateInWords(state)}
        </span>
      </header>
      <div className="run-progress">
        <progress
          max={Math.max(1, steps)}
          value={Math.min(step, Math.max(1, steps))}
          aria-label="Progress of the run"
        />
        <p>
          <span data-testid="run-place">{place}</span>
          {seconds_left !== null && <span>{` · ${formatDuration(seconds_left)} left`}</span>}
          {run.is_served && <span> · served</span>}
        </p>
      </div>
      {message && (state === "failed" || state === "diverged" || state === "stopped") && (
        <p className={state === "stopped" ? "muted" : "notice"}>{message}</p>
      )}
      {!connected && (
        <p className="notice" role="status" data-testid="disconnected">
          The connection to the server was lost. The run continues; reconnecting…
        </p>
      )}
      <dl className="run-stats">
        <Stat label="Training loss" value={run.loss} />
        <Stat label="Training accuracy" value={run.accuracy} percent />
        <Stat label="Validation loss" value={run.validation_loss} />
        <Stat label="Validation accuracy" value={run.validation_accuracy} percent />
        <div>
          <dt>Images per second</dt>
          <dd data-testid="speed">
            {speed?.images_per_second == null
              ? "–"
              : formatCount(Math.round(speed.images_per_second))}
          </dd>
        </div>
      </dl>
    </>
  );
}

interface StatProps {
  readonly label: string;
  readonly value: number | null;
  readonly percent?: boolean;
}

function Stat({ label, value, percent = false }: StatProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value === null ? "–" : formatValue(value, percent)}</dd>
    </div>
  );
}
