import { type FormEvent, useId, useState } from "react";
import { formatCount } from "../../lib/format";
import type { Control, Reasons } from "../../lib/lab/controls";
import { Switch } from "../Switch";
import { ControlButton } from "./ControlButton";

export interface Checkpoint {
  readonly step: number;
  readonly epoch: number;
}

interface Props {
  readonly reasons: Reasons;
  readonly paused: boolean;
  readonly learningRate: number | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly earlyStopping: boolean;
  readonly onCommand: (control: Control, value?: number | boolean) => void;
  /** What the API says about the last command, if it refused it. */
  readonly problem: string | null;
}

/** What one can do with a run. */
export function RunControls(props: Props) {
  const { reasons, paused, learningRate, checkpoints, earlyStopping, onCommand, problem } = props;
  return (
    <fieldset className="run-controls">
      <legend className="visually-hidden">Controls of the run</legend>
      <div className="control-row">
        {paused ? (
          <ControlButton primary reason={reasons.continue} onClick={() => onCommand("continue")}>
            Continue
          </ControlButton>
        ) : (
          <ControlButton primary reason={reasons.pause} onClick={() => onCommand("pause")}>
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
        <LearningRate
          current={learningRate}
          reason={reasons.learning_rate}
          onSet={(rate) => onCommand("learning_rate", rate)}
        />
        <Rewind
          checkpoints={checkpoints}
          reason={reasons.rewind}
          onRewind={(step) => onCommand("rewind", step)}
        />
        {reasons.early_stopping === null && (
          <Switch
            label="Stop when validation no longer improves"
            on={earlyStopping}
            onChange={(on) => onCommand("early_stopping", on)}
          />
        )}
      </div>
      {problem !== null && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

interface LearningRateProps {
  readonly current: number | null;
  readonly reason: string | null;
  readonly onSet: (rate: number) => void;
}

function LearningRate({ current, reason, onSet }: LearningRateProps) {
  const [typed, setTyped] = useState("");
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason !== null || typed.trim() === "") return;
    onSet(Number(typed));
    setTyped("");
  };
  return (
    <form className="inline-field" onSubmit={submit} noValidate>
      <label htmlFor={id}>Learning rate</label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autoComplete="off"
        value={typed}
        placeholder={current === null ? "" : String(Number(current.toPrecision(3)))}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button
        type="submit"
        aria-disabled={reason !== null || typed.trim() === "" || undefined}
        title={reason ?? (typed.trim() === "" ? "Type a learning rate first." : undefined)}
      >
        Set
      </button>
    </form>
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
