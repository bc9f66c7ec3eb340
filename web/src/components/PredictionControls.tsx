import { useEffect, useState } from "react";
import type { Models, Prediction } from "../lib/api/client";
import { count } from "../lib/format";
import { ariaKeys } from "../lib/shortcuts";
import { ShortcutHint } from "./ShortcutKeys";
import { Switch } from "./Switch";
import "../styles/controls.css";

interface Props {
  readonly live: boolean;
  readonly canPredict: boolean;
  readonly reading: boolean;
  readonly prediction: Prediction | undefined;
  readonly onLive: (live: boolean) => void;
  readonly onPredict: () => void;
  readonly models: Models | undefined;
  /** Whether the list of models came back as something else. */
  readonly strange: boolean;
  readonly model: string | undefined;
  readonly onModel: (name: string) => void;
}

const SLOW_MS = 1500;

/** When it reads, and which network. */
export function PredictionControls(props: Props) {
  const { live, canPredict, reading, onLive, onPredict } = props;
  const slow = useDelayedFlag(reading, SLOW_MS);
  return (
    <div className="controls">
      <button
        type="button"
        className="primary"
        aria-disabled={!canPredict || undefined}
        aria-keyshortcuts={ariaKeys("predict")}
        onClick={() => canPredict && onPredict()}
      >
        <span>{slow && canPredict ? "Reading…" : "Predict"}</span>
        <ShortcutHint command="predict" />
      </button>
      <Switch label="While drawing" on={live} onChange={onLive} />
      <ModelInfo {...props} />
    </div>
  );
}

function ModelInfo({ models, strange, model, prediction, onModel }: Props) {
  const current = models?.models.find(({ name }) => name === model);
  return (
    <div className="model-info">
      {models && models.models.length > 1 ? (
        <label>
          <span>Read by</span>
          <select value={model} onChange={(event) => onModel(event.target.value)}>
            {models.models.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      ) : (
        current && <span>Read by {current.name}</span>
      )}
      {!models && strange && (
        <span>The reader's list of its networks could not be understood. It is asked again.</span>
      )}
      {current && <span>{count(current.parameters)} parameters</span>}
      {prediction && (
        <span>· {prediction.duration_ms.toFixed(prediction.duration_ms < 10 ? 1 : 0)} ms</span>
      )}
    </div>
  );
}

/** Whether something has been so for a while. */
function useDelayedFlag(so: boolean, time_ms: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!so) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), time_ms);
    return () => clearTimeout(timer);
  }, [so, time_ms]);
  return lasting;
}
