/** Settings that are read when the page runs, not when it is built: config.json beside the page. */

import * as v from "valibot";
import { boundedFetch } from "./bounded";

export interface Settings {
  /** Where the API is: another origin, or "" for the folder that this page lies in. */
  readonly api: string;
}

export const DEFAULT_SETTINGS: Settings = { api: "" };

const MOST_BYTES = 2 ** 16;
const TIMEOUT_MS = 10_000;

const SETTINGS = v.object({ api: v.pipe(v.string(), v.trim(), v.maxLength(2000)) });

/** config.json names an address that cannot be one of an API. */
export class SettingsError extends Error {
  override name = "SettingsError";
}

/** Make settings of whatever config.json holds; what is not understood has its default. */
export function settingsOf(value: unknown): Settings {
  const result = v.safeParse(SETTINGS, value);
  return result.success ? result.output : DEFAULT_SETTINGS;
}

/** The address that the API's paths are appended to, without a slash at its end.
 *
 * @throws SettingsError if it is not an HTTP address, or holds a password
 */
export function baseOf(settings: Settings, page: string): string {
  const url = addressOf(settings.api || ".", page);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new SettingsError("config.json does not name the address of an API");
  }
  return url.href.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

function addressOf(text: string, page: string): URL | undefined {
  try {
    return new URL(text, page);
  } catch {
    return undefined;
  }
}

/** Read config.json; there need be none.
 *
 * @throws TypeError if the server is away
 * @throws DOMException if it does not answer in time
 * @throws TooLargeError if the answer is too large
 */
export async function readSettings(page: string, timeout_ms = TIMEOUT_MS): Promise<Settings> {
  const request = new Request(new URL("config.json", page), {
    cache: "no-cache",
    signal: AbortSignal.timeout(timeout_ms),
  });
  const response = await boundedFetch(request, MOST_BYTES);
  if (!response.ok) return DEFAULT_SETTINGS;
  const text = await response.text();
  try {
    return settingsOf(JSON.parse(text));
  } catch {
    return DEFAULT_SETTINGS;
  }
}
