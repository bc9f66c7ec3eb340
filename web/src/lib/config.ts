/** Settings that are read when the page runs, not when it is built: config.json next to the page. */

import * as v from "valibot";
import { limitedFetch } from "./limitedFetch";

export interface Config {
  /** Base URL of the API: a path, another origin, or "" for the folder of this page. */
  readonly api: string;
}

export const DEFAULT_CONFIG: Config = { api: "" };

const MAX_BYTES = 2 ** 16;
const TIMEOUT_MS = 10_000;

const ConfigSchema = v.object({ api: v.pipe(v.string(), v.trim(), v.maxLength(2000)) });

/** config.json does not contain a valid API address. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Validate the content of config.json; invalid content yields the defaults. */
export function parseConfig(value: unknown): Config {
  const result = v.safeParse(ConfigSchema, value);
  return result.success ? result.output : DEFAULT_CONFIG;
}

/** Resolve the base URL of the API, without a trailing slash.
 *
 * @throws ConfigError if it is not an HTTP URL, or contains credentials
 */
export function apiBaseUrl(config: Config, pageUrl: string): string {
  const url = parseUrl(config.api || ".", pageUrl);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new ConfigError("config.json does not contain a valid API address");
  }
  return url.href.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

function parseUrl(text: string, base: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Load config.json; without it, the defaults apply.
 *
 * @throws TypeError if the server cannot be reached
 * @throws DOMException if it does not respond in time
 * @throws ResponseTooLargeError if the response is too large
 */
export async function loadConfig(pageUrl: string, timeout_ms = TIMEOUT_MS): Promise<Config> {
  const request = new Request(new URL("config.json", pageUrl), {
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
