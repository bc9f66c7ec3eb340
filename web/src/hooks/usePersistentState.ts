import { useEffect, useState } from "react";
import type * as v from "valibot";
import { load, remove, type StorageArea, save } from "../lib/storage";

/** State that is kept in the browser's storage; the fallback itself is not stored. */
export function usePersistentState<Value>(
  area: StorageArea,
  name: string,
  schema: v.GenericSchema<unknown, Value>,
  fallback: Value,
) {
  const [value, setValue] = useState(() => load(area, name, schema) ?? fallback);
  useEffect(() => {
    if (value === fallback) remove(area, name);
    else save(area, name, value);
  }, [area, name, value, fallback]);
  return [value, setValue] as const;
}
