import { useEffect, useState } from "react";
import type * as v from "valibot";
import { load, remove, type StorageArea, save } from "../lib/storage";

/** State that outlives the page, where the browser keeps anything; undefined is not kept. */
export function usePersistentState<Value>(
  keep: StorageArea,
  name: string,
  schema: v.GenericSchema<unknown, Value>,
  fallback: Value,
) {
  const [value, setValue] = useState(() => load(keep, name, schema) ?? fallback);
  useEffect(() => {
    if (value === fallback) remove(keep, name);
    else save(keep, name, value);
  }, [keep, name, value, fallback]);
  return [value, setValue] as const;
}
