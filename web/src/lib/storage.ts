/** Access to the browser's storage, which may be disabled, be full, or hold outdated data. */

import * as v from "valibot";

export type StorageArea = "session" | "local";

function storageFor(area: StorageArea): Storage | undefined {
  try {
    return area === "session" ? window.sessionStorage : window.localStorage;
  } catch {
    return undefined;
  }
}

/** Load a value; undefined if nothing valid is stored under this name. */
export function load<Value>(
  area: StorageArea,
  name: string,
  schema: v.GenericSchema<unknown, Value>,
): Value | undefined {
  try {
    const text = storageFor(area)?.getItem(`inkdigits.${name}`);
    return text ? v.parse(schema, JSON.parse(text), { abortEarly: true }) : undefined;
  } catch {
    return undefined;
  }
}

/** Store a value; false if there is no room. */
export function save(area: StorageArea, name: string, value: unknown): boolean {
  try {
    storageFor(area)?.setItem(`inkdigits.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function remove(area: StorageArea, name: string): void {
  try {
    storageFor(area)?.removeItem(`inkdigits.${name}`);
  } catch {
    // Storage is disabled, so nothing was stored.
  }
}
