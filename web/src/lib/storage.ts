/** The browser's memory, where there is one: it may be switched off, full, or hold what another version left. */

import * as v from "valibot";

export type StorageArea = "session" | "local";

function storageFor(keep: StorageArea): Storage | undefined {
  try {
    return keep === "session" ? window.sessionStorage : window.localStorage;
  } catch {
    return undefined;
  }
}

/** What is kept under a name, or undefined if nothing is that fits the schema. */
export function load<Value>(
  keep: StorageArea,
  name: string,
  schema: v.GenericSchema<unknown, Value>,
): Value | undefined {
  try {
    const text = storageFor(keep)?.getItem(`inkdigits.${name}`);
    return text ? v.parse(schema, JSON.parse(text), { abortEarly: true }) : undefined;
  } catch {
    return undefined;
  }
}

/** Keep a value; false if there is no room. */
export function save(keep: StorageArea, name: string, value: unknown): boolean {
  try {
    storageFor(keep)?.setItem(`inkdigits.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function remove(keep: StorageArea, name: string): void {
  try {
    storageFor(keep)?.removeItem(`inkdigits.${name}`);
  } catch {
    // Nothing was kept.
  }
}
