import { useEffect, useState } from "react";
import type { Models } from "../lib/api/client";
import { formatCount } from "../lib/format";
import { ariaKeyShortcuts } from "../lib/shortcuts";
import { ShortcutHint } from "./ShortcutKeys";
import { Switch } from "./Switch";
import "../styles/controls.css";

interface Props {
  readonly live: boolean;
  readonly canPredict: boolean;
  readonly loading: boolean;
  readonly prediction:
    | {
        readonly duration_ms: number;
        readonly profile: { readonly version: number } | null;
      }
    | undefined;
  readonly onLive: (live: boolean) => void;
  readonly onPredict: () => void;
  readonly models: Models | undefined;
  /** Whether the server sent something other than a valid list of models. */
  readonly invalidModels: boolean;
  readonly model: string | undefined;
  readonly onModel: (name: string) => void;
}

const SLOW_MS = 1500;

/** When to predict, and with which model. */
export function PredictionControls(props: Props) {
  const { live, canPredict, loading, onLive, onPredict } = props;
  const slow = useDelayedFlag(loading, SLOW_MS);
  return (
    <div className="controls">
      <button
        type="button"
        className="primary"
        aria-disabled={!canPredict || undefined}
        aria-keyshortcuts={ariaKeyShortcuts("predict")}
        onClick={() => canPredict && onPredict()}
      >
        {slow && canPredict ? (
          <span>Waiting…</span>
        ) : (
          <>
            <span>Predict</span>
            <ShortcutHint command="predict" />
          </>
        )}
      </button>
      <Switch label="Predict while I draw" on={live} onChange={onLive} />
      <ModelInfo {...props} />
    </div>
  );
}

function ModelInfo({ models, invalidModels, model, prediction, onModel }: Props) {
  const current = models?.models.find(({ name }) => name === model);
  return (
    <div className="model-info">
      {models && models.models.length > 1 ? (
        <label>
          <span>Model</span>
          <select value={model} onChange={(event) => onModel(event.target.value)}>
            {models.models.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      ) : (
        current && <span>Model {current.name}</span>
      )}
      {!models && invalidModels && (
        <span>The server sent an unexpected list of models. Trying again…</span>
      )}
      {current &&
        (prediction?.profile?.version ? (
          <a href="#/handwriting">your handwriting, version {prediction.profile.version}</a>
        ) : (
          <span>{formatCount(current.parameters)} parameters</span>
        ))}
      {prediction && (
        <span className="model-duration">
          · {prediction.duration_ms.toFixed(prediction.duration_ms < 10 ? 1 : 0)} ms
        </span>
      )}
    </div>
  );
}

/** Whether a flag has been set for a while. */
function useDelayedFlag(flag: boolean, delay_ms: number): boolean {
  const [delayed, setDelayed] = useState(false);
  useEffect(() => {
    if (!flag) {
      setDelayed(false);
      return;
    }
    const timer = setTimeout(() => setDelayed(true), delay_ms);
    return () => clearTimeout(timer);
  }, [flag, delay_ms]);
  return delayed;
}
