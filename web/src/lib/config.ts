/** Settings that are read when the page runs, not when it is built: config.json beside the page. */

import * as v from "valibot";
import { limitedFetch } from "./limitedFetch";

export interface Config {
  /** Where the API is: another origin, or "" for the folder that this page lies in. */
  readonly api: string;
}

export const DEFAULT_CONFIG: Config = { api: "" };

const MAX_BYTES = 2 ** 16;
const TIMEOUT_MS = 10_000;

const ConfigSchema = v.object({ api: v.pipe(v.string(), v.trim(), v.maxLength(2000)) });

/** config.json names an address that cannot be one of an API. */
export class ConfigError extends Error {
  override name = "SettingsError";
}

/** Make settings of whatever config.json holds; what is not understood has its default. */
export function parseConfig(value: unknown): Config {
  const result = v.safeParse(ConfigSchema, value);
  return result.success ? result.output : DEFAULT_CONFIG;
}

/** The address that the API's paths are appended to, without a slash at its end.
 *
 * @throws SettingsError if it is not an HTTP address, or holds a password
 */
export function apiBaseUrl(settings: Config, page: string): string {
  const url = parseUrl(settings.api || ".", page);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new ConfigError("config.json does not name the address of an API");
  }
  return url.href.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

function parseUrl(text: string, page: string): URL | undefined {
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
export async function loadConfig(page: string, timeout_ms = TIMEOUT_MS): Promise<Config> {
  const request = new Request(new URL("config.json", page), {
    cache: "no-cache",
    signal: AbortSignal.timeout(timeout_ms),
  });
  const response = await limitedFetch(request, MAX_BYTES);
  if (!response.ok) return DEFAULT_CONFIG;
  const text = await response.text();
  try {
    return parseConfig(JSON.parse(text));
  } catch {
    return DEFAULT_CONFIG;
  }
}
