import { type FormEvent, useId, useState } from "react";
import { formatCount } from "../../lib/format";
import type { Control, Reasons } from "../../lib/lab/controls";
import { ControlButton } from "./ControlButton";

export interface Checkpoint {
  readonly step: number;
  readonly epoch: number;
}

interface Props {
  readonly reasons: Reasons;
  readonly paused: boolean;
  readonly learningRate: number | null;
  readonly epochs: number;
  readonly checkpoints: readonly Checkpoint[];
  /** Epochs without improvement after which it stops; null for never. */
  readonly patience: number | null;
  readonly onCommand: (control: Control, value?: number | null) => void;
  /** What the API says about the last command, if it refused it. */
  readonly problem: string | null;
}

/** What one can do with a run. */
export function RunControls(props: Props) {
  const { reasons, paused, learningRate, epochs, checkpoints, patience, onCommand, problem } =
    props;
  return (
    <fieldset className="run-controls">
      <legend className="visually-hidden">Controls of the run</legend>
      <div className="control-row">
        {paused ? (
          <ControlButton
            kind="primary"
            reason={reasons.continue}
            onClick={() => onCommand("continue")}
          >
            Continue
          </ControlButton>
        ) : (
          <ControlButton kind="primary" reason={reasons.pause} onClick={() => onCommand("pause")}>
            Pause
          </ControlButton>
        )}
        <ControlButton reason={reasons.step} onClick={() => onCommand("step")}>
          One step
        </ControlButton>
        <ControlButton reason={reasons.epoch} onClick={() => onCommand("epoch")}>
          One epoch
        </ControlButton>
        <ControlButton reason={reasons.stop} onClick={() => onCommand("stop")}>
          Stop
        </ControlButton>
      </div>
      <div className="control-row">
        <NumberSetting
          label="Learning rate"
          current={learningRate === null ? "" : String(Number(learningRate.toPrecision(2)))}
          decimal
          reason={reasons.learning_rate}
          onSet={(rate) => onCommand("learning_rate", rate)}
        />
        <NumberSetting
          label="Epochs"
          current={String(epochs)}
          reason={reasons.epochs}
          onSet={(value) => onCommand("epochs", value)}
        />
        <Rewind
          checkpoints={checkpoints}
          reason={reasons.rewind}
          onRewind={(step) => onCommand("rewind", step)}
        />
        <EarlyStopping
          patience={patience}
          reason={reasons.early_stopping}
          onSet={(value) => onCommand("early_stopping", value)}
        />
      </div>
      {problem !== null && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

interface NumberSettingProps {
  readonly label: string;
  /** What it is now. */
  readonly current: string;
  readonly decimal?: boolean;
  readonly reason: string | null;
  readonly onSet: (value: number) => void;
}

/** A number of the run that one can change; the API checks it. */
function NumberSetting({ label, current, decimal, reason, onSet }: NumberSettingProps) {
  const [typed, setTyped] = useState("");
  const id = useId();
  const value = Number(typed.trim().replace(",", "."));
  const idle =
    reason ??
    (typed.trim() && Number.isFinite(value) ? null : `Type a number in “${label}” first.`);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (idle !== null) return;
    onSet(value);
    setTyped("");
  };
  return (
    <form className="inline-field" onSubmit={submit} noValidate>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={decimal ? "decimal" : "numeric"}
        autoComplete="off"
        maxLength={20}
        value={typed}
        placeholder={current}
        onChange={(event) => setTyped(event.target.value)}
      />
      <ControlButton submit reason={idle} label={`Set ${label.toLowerCase()}`}>
        Set
      </ControlButton>
    </form>
  );
}

const PATIENCE = 5;

interface EarlyStoppingProps {
  readonly patience: number | null;
  readonly reason: string | null;
  readonly onSet: (patience: number | null) => void;
}

function EarlyStopping({ patience, reason, onSet }: EarlyStoppingProps) {
  const epochs = patience ?? PATIENCE;
  return (
    <ControlButton
      pressed={patience !== null}
      reason={reason}
      onClick={() => onSet(patience === null ? PATIENCE : null)}
    >
      {`Stop after ${epochs} ${epochs === 1 ? "epoch" : "epochs"} without improvement`}
    </ControlButton>
  );
}

interface RewindProps {
  readonly checkpoints: readonly Checkpoint[];
  readonly reason: string | null;
  readonly onRewind: (step: number) => void;
}

function Rewind({ checkpoints, reason, onRewind }: RewindProps) {
  const [chosen, setChosen] = useState("");
  const id = useId();
  const newestFirst = [...checkpoints].reverse();
  const step = newestFirst.find((checkpoint) => String(checkpoint.step) === chosen)?.step;
  const target = step ?? newestFirst[0]?.step;
  return (
    <div className="inline-field">
      <label htmlFor={id}>Checkpoint</label>
      <select
        id={id}
        value={step === undefined ? "" : chosen}
        onChange={(event) => setChosen(event.target.value)}
        disabled={checkpoints.length === 0}
      >
        {newestFirst.map(({ step, epoch }, index) => (
          <option key={step} value={index === 0 ? "" : step}>
            {`epoch ${formatCount(epoch)}, step ${formatCount(step)}`}
          </option>
        ))}
      </select>
      <ControlButton
        reason={reason}
        onClick={() => {
          if (target !== undefined) onRewind(target);
        }}
      >
        Rewind
      </ControlButton>
    </div>
  );
}
