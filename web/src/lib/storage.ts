/** The browser's memory, where there is one: it may be switched off, full, or hold what another version left. */

export type Keep = "session" | "local";

function storeOf(keep: Keep): Storage | undefined {
  try {
    return keep === "session" ? window.sessionStorage : window.localStorage;
  } catch {
    return undefined;
  }
}

/** What is kept under a name, or undefined if nothing is that `accepts` takes. */
export function load<Value>(
  keep: Keep,
  name: string,
  accepts: (value: unknown) => value is Value,
): Value | undefined {
  try {
    const text = storeOf(keep)?.getItem(`inkdigits.${name}`);
    const value: unknown = text ? JSON.parse(text) : undefined;
    return accepts(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keep a value; false if there is no room. */
export function save(keep: Keep, name: string, value: unknown): boolean {
  try {
    storeOf(keep)?.setItem(`inkdigits.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(keep: Keep, name: string): void {
  try {
    storeOf(keep)?.removeItem(`inkdigits.${name}`);
  } catch {
    // Nothing was kept.
  }
}
