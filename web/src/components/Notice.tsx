import { useEffect, useState } from "react";
import type { FailureMessage } from "../lib/api/errors";
import "../styles/notice.css";

export interface NoticeProps extends FailureMessage {
  readonly kind: string;
  /** Whether the page tries again by itself. */
  readonly again: boolean;
  /** When, if that is known. */
  readonly again_ms: number | null;
}

/** What is wrong and what to do, in the place of the answer's words. */
export function Notice({ kind, cause, action, again, again_ms }: NoticeProps) {
  const left_s = useSecondsUntil(again_ms);
  return (
    <div className="notice" data-kind={kind} data-testid="notice">
      <p role="alert">
        <strong>{cause}</strong> <span>{action}</span>
      </p>
      {again && (
        <p className="notice-retry" aria-hidden="true">
          {left_s > 0 ? `Again in ${left_s} s` : "Trying again"}
        </p>
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
