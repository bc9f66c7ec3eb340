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

/** Store a value; false if there is no room, or no storage. */
export function save(area: StorageArea, name: string, value: unknown): boolean {
  try {
    const storage = storageFor(area);
    storage?.setItem(`inkdigits.${name}`, JSON.stringify(value));
    return storage !== undefined;
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

/** Call a function when another tab changes a stored value; returns a function that stops that. */
export function onStoredElsewhere(area: StorageArea, name: string, onChange: () => void) {
  const onStorage = ({ key, storageArea }: StorageEvent) => {
    // Without a key, everything was deleted.
    if (key !== null && key !== `inkdigits.${name}`) return;
    if (storageArea === null || storageArea === storageFor(area)) onChange();
  };
  window.addEventListener("storage", onStorage);
  return () => window.removeEventListener("storage", onStorage);
}
