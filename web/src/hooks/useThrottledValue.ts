import { useEffect, useRef, useState } from "react";

/** A value that changes at most once per interval; an interval of 0 does not throttle. */
export function useThrottledValue<Value>(value: Value, interval_ms: number): Value {
  const [throttled, setThrottled] = useState(value);
  const updated_ms = useRef(0);
  useEffect(() => {
    const update = () => {
      updated_ms.current = performance.now();
      setThrottled(value);
    };
    const wait_ms = updated_ms.current + interval_ms - performance.now();
    if (interval_ms <= 0 || wait_ms <= 0) {
      update();
      return;
    }
    const timer = setTimeout(update, wait_ms);
    return () => clearTimeout(timer);
  }, [value, interval_ms]);
  return interval_ms <= 0 ? value : throttled;
}
