import { useEffect, useState } from "react";
import { type Trouble, wordingOf } from "../lib/api/errors";
import "../styles/notice.css";

interface Props {
  readonly trouble: Trouble;
  readonly again: boolean;
  readonly again_ms: number | null;
  readonly onTry: () => void;
}

/** What is wrong, and what to do, or what the page does by itself. */
export function Notice({ trouble, again, again_ms, onTry }: Props) {
  const { cause, action } = wordingOf(trouble);
  const left_s = useSecondsUntil(again_ms);
  return (
    <div className="notice" data-kind={trouble.kind} data-testid="notice">
      <p role="alert">
        <strong>{cause}</strong> {action}
      </p>
      {again ? (
        <p className="notice-next" aria-hidden="true">
          {left_s ? `Again in ${left_s} s` : "Trying again"}
        </p>
      ) : (
        <button type="button" onClick={onTry}>
          Try again
        </button>
      )}
    </div>
  );
}

function useSecondsUntil(time_ms: number | null): number {
  const [now_ms, setNow] = useState(Date.now);
  useEffect(() => {
    if (time_ms === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [time_ms]);
  return time_ms === null ? 0 : Math.max(0, Math.ceil((time_ms - now_ms) / 1000));
}
