import { type ReactNode, useEffect, useMemo, useState } from "react";
import type { PredictionRequest } from "../../hooks/usePrediction";
import { useRun } from "../../hooks/useRun";
import { useThrottledValue } from "../../hooks/useThrottledValue";
import { useWatchedDrawing } from "../../hooks/useWatchedDrawing";
import type { PredictionBody } from "../../lib/api/client";
import { DIGITS } from "../../lib/classes";
import { type LabClient, problemOf, statusOf } from "../../lib/lab/client";
import { type Control, isActive, type Reasons, reasonsOf } from "../../lib/lab/controls";
import type { Progress } from "../../lib/lab/progress";
import type { State } from "../../lib/lab/schemas";
import { announcementOf } from "../../lib/lab/words";
import { Changes } from "./Changes";
import { ControlButton } from "./ControlButton";
import { Curves } from "./Curves";
import { DrawingProgress } from "./DrawingProgress";
import { GradientCheck } from "./GradientCheck";
import { Histograms } from "./Histograms";
import { RunControls } from "./RunControls";
import { RunHead } from "./RunHead";
import { Section } from "./Section";
import { Validation } from "./Validation";
import { WeightPictures } from "./WeightPictures";

export interface RunActions {
  /** What is done with a run as a whole; each returns the API's sentence if it refuses. */
  readonly again: (name: string, replay: boolean) => Promise<string | null>;
  readonly serve: (name: string) => Promise<string | null>;
  readonly record: (name: string) => Promise<string | null>;
  readonly command: (
    name: string,
    control: Control,
    value?: number | null,
  ) => Promise<string | null>;
  readonly delete: (name: string) => void;
}

interface Props {
  readonly client: LabClient;
  readonly name: string;
  /** Its state in the list of runs. */
  readonly listed: State | undefined;
  readonly request: PredictionRequest<PredictionBody> | null;
  readonly actions: RunActions;
  /** A link to where one draws. */
  readonly drawLink: ReactNode;
}

/** A run, as it learns. */
export function RunView({ client, name, listed, request, actions, drawLink }: Props) {
  const { progress, connected, failure, refollow } = useRun(client, name, listed);
  const active = progress !== null && isActive(progress.run.state);
  // Before that, the run does not know yet how to preprocess it.
  const predicts = active && progress.run.state !== "starting";
  const watching = useWatchedDrawing(client, name, predicts, request);
  const [problem, setProblem] = useState<string | null>(null);
  if (failure) {
    const gone = statusOf(failure) === 404;
    return (
      <p className="notice" role="alert">
        {gone ? `There is no run “${name}”. It may have been deleted.` : problemOf(failure)}
      </p>
    );
  }
  if (!progress) {
    return <p className="muted">{connected ? "Loading…" : "Waiting for the server…"}</p>;
  }
  const { run } = progress;
  const reasons = reasonsOf(run, run.checkpoints.length);
  const act = async (action: Promise<string | null>) => {
    setProblem(await action);
    refollow();
  };
  return (
    <article className="run" aria-labelledby="run-title">
      <Announcer progress={progress} />
      <RunHead progress={progress} connected={connected} />
      <RunControls
        reasons={reasons}
        paused={run.state !== "training" && run.state !== "starting"}
        learningRate={run.learning_rate}
        epochs={run.epochs}
        checkpoints={run.checkpoints}
        patience={progress.patience}
        onCommand={(control, value) => act(actions.command(name, control, value))}
        problem={problem}
      />
      <WholeRun
        reasons={reasons}
        changed={run.changes.length > 0}
        onAgain={(replay) => act(actions.again(name, replay))}
        onServe={() => act(actions.serve(name))}
        onRecord={() => act(actions.record(name))}
        onDelete={() => actions.delete(name)}
      />
      <Parts
        client={client}
        progress={progress}
        watching={watching}
        request={request}
        drawLink={drawLink}
      />
      {run.resume !== null && (
        <p className="muted">
          To continue this run in a terminal: <code>{run.resume}</code>
        </p>
      )}
    </article>
  );
}

interface WholeRunProps {
  readonly reasons: Reasons;
  readonly changed: boolean;
  readonly onAgain: (replay: boolean) => void;
  readonly onServe: () => void;
  readonly onRecord: () => void;
  readonly onDelete: () => void;
}

function WholeRun({ reasons, changed, onAgain, onServe, onRecord, onDelete }: WholeRunProps) {
  return (
    <div className="control-row whole-run">
      <ControlButton reason={reasons.serve} onClick={onServe}>
        Serve it and draw
      </ControlButton>
      <ControlButton reason={null} onClick={() => onAgain(false)}>
        Same seed again
      </ControlButton>
      <ControlButton
        reason={changed ? null : "Nothing was changed while it trained."}
        onClick={() => onAgain(true)}
      >
        Again with the changes
      </ControlButton>
      <ControlButton reason={null} onClick={onRecord}>
        Download the record
      </ControlButton>
      <ControlButton kind="danger" reason={reasons.delete} onClick={onDelete}>
        Delete
      </ControlButton>
    </div>
  );
}

interface PartsProps {
  readonly client: LabClient;
  readonly progress: Progress;
  /** Why the drawing is not watched; null if it is. */
  readonly watching: string | null;
  readonly request: PredictionRequest<PredictionBody> | null;
  readonly drawLink: ReactNode;
}

/** What is shown of a run. */
function Parts({ client, progress, watching, request, drawLink }: PartsProps) {
  const { run, drawing, gradient } = progress;
  const { picture, options } = run;
  const classes = useMemo(() => {
    const count = drawing.at(-1)?.probabilities.length ?? DIGITS.length;
    const names = options?.data === "mnist" || options === null ? DIGITS : [];
    return Array.from(
      { length: count },
      (_, index) => names[index] ?? (count > 10 ? "–" : `${index}`),
    );
  }, [drawing, options]);
  return (
    <div className="parts">
      <Section title="How it learns" className="wide">
        <Curves run={run} />
      </Section>
      {gradient && (
        <Section title="The gradient of one weight" className="wide">
          <GradientCheck check={gradient} />
        </Section>
      )}
      <Section title="Your drawing as it learns" className="wide">
        <DrawingProgress
          classes={classes}
          history={drawing}
          missing={request ? (watching ?? "Appears after the next step.") : "Nothing is drawn yet."}
        />
        <p>{drawLink}</p>
      </Section>
      <Section title="What the first layer looks for">
        {picture?.weights ? (
          <WeightPictures layer={picture.weights} />
        ) : (
          <p className="muted">Appears after the first steps.</p>
        )}
      </Section>
      <Section title="Weights and gradients by layer">
        {picture && picture.histograms.length > 0 ? (
          <Histograms layers={picture.histograms} />
        ) : (
          <p className="muted">Appears after the first steps.</p>
        )}
      </Section>
      <Validation client={client} name={run.name} epoch={run.epoch} />
      {run.changes.length > 0 && (
        <Section title="What was changed" className="wide">
          <Changes changes={run.changes} />
        </Section>
      )}
    </div>
  );
}

const ANNOUNCE_INTERVAL_MS = 6000;

/** Tells a screen reader about the last epoch and a new state, but not about each of many short ones. */
function Announcer({ progress }: { readonly progress: Progress }) {
  const { state, records } = progress.run;
  const text = useThrottledValue(announcementOf(state, records.at(-1)), ANNOUNCE_INTERVAL_MS);
  const [announced, setAnnounced] = useState("");
  const [first] = useState(text);
  useEffect(() => {
    if (text !== first) setAnnounced(text);
  }, [text, first]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="run-announcer">
      {announced}
    </p>
  );
}
