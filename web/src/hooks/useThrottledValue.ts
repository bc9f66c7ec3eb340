import { useEffect, useRef, useState } from "react";

/** A value that follows another at most so often; at once if no interval is asked for. */
export function useThrottledValue<Value>(value: Value, interval_ms: number): Value {
  const [followed, setFollowed] = useState(value);
  const last_ms = useRef(0);
  useEffect(() => {
    const follow = () => {
      last_ms.current = performance.now();
      setFollowed(value);
    };
    const left_ms = last_ms.current + interval_ms - performance.now();
    if (interval_ms <= 0 || left_ms <= 0) {
      follow();
      return;
    }
    const timer = setTimeout(follow, left_ms);
    return () => clearTimeout(timer);
  }, [value, interval_ms]);
  return interval_ms <= 0 ? value : followed;
}
