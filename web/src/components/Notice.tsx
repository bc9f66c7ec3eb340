import { useEffect, useState } from "react";
import type { FailureMessage } from "../lib/api/errors";
import "../styles/notice.css";

export interface NoticeProps extends FailureMessage {
  /** Whether the page retries automatically. */
  readonly retrying: boolean;
  /** When it retries, if that is known. */
  readonly retry_at_ms: number | null;
}

/** What went wrong and what to do. It replaces the text of the result. */
export function Notice({ reason, action, retrying, retry_at_ms }: NoticeProps) {
  const left_s = useSecondsUntil(retry_at_ms);
  return (
    <div className="notice" data-testid="notice">
      <p role="alert">
        <strong>{reason}</strong> <span>{action}</span>
      </p>
      {retrying && (
        <p className="notice-retry" aria-hidden="true">
          {left_s > 0 ? `Retrying in ${left_s} s` : "Retrying…"}
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
