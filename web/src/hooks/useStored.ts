import { useEffect, useState } from "react";
import { forget, type Keep, load, save } from "../lib/storage";

/** State that outlives the page, where the browser keeps anything; undefined is not kept. */
export function useStored<Value>(
  keep: Keep,
  name: string,
  accepts: (value: unknown) => value is Value,
  fallback: Value,
) {
  const [value, setValue] = useState(() => load(keep, name, accepts) ?? fallback);
  useEffect(() => {
    if (value === fallback) forget(keep, name);
    else save(keep, name, value);
  }, [keep, name, value, fallback]);
  return [value, setValue] as const;
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}
