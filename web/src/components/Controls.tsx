import { useEffect, useState } from "react";
import type { Models } from "../lib/api/client";
import { ariaKeys } from "../lib/keys";
import { Hint } from "./Keys";

interface Props {
  readonly live: boolean;
  readonly canPredict: boolean;
  readonly reading: boolean;
  readonly onLive: (live: boolean) => void;
  readonly onPredict: () => void;
  readonly models: Models | undefined;
  readonly model: string | undefined;
  readonly onModel: (name: string) => void;
}

const SLOW_MS = 1500;

/** When it reads, and which network. */
export function Controls(props: Props) {
  const { live, canPredict, reading, onLive, onPredict, models, model, onModel } = props;
  const slow = useLasting(reading, SLOW_MS);
  return (
    <div className="controls">
      <button
        type="button"
        className="primary"
        aria-disabled={!canPredict || undefined}
        aria-keyshortcuts={ariaKeys("predict")}
        onClick={() => canPredict && onPredict()}
      >
        <span>{slow ? "Reading…" : "Predict"}</span>
        <Hint command="predict" />
      </button>
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          checked={live}
          onChange={(event) => onLive(event.target.checked)}
        />
        <span>While drawing</span>
      </label>
      {models && models.models.length > 1 && (
        <label className="model">
          <span>Network</span>
          <select value={model} onChange={(event) => onModel(event.target.value)}>
            {models.models.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

/** Whether something has been so for a while. */
function useLasting(so: boolean, time_ms: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!so) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), time_ms);
    return () => clearTimeout(timer);
  }, [so, time_ms]);
  return lasting;
}
