/** Settings that are read when the page runs, not when it is built: config.json beside the page. */

export interface Settings {
  /** Where the API is: another origin, or "" for the folder that this page lies in. */
  readonly api: string;
}

export const DEFAULT_SETTINGS: Settings = { api: "" };

/** Make settings of whatever config.json holds; what is not understood has its default. */
export function settingsOf(value: unknown): Settings {
  const api = (value as Partial<Settings> | null)?.api;
  return typeof api === "string" ? { api: api.trim() } : DEFAULT_SETTINGS;
}

/** The address that the API's paths are appended to, without a slash at its end.
 *
 * @throws TypeError if it is no address
 */
export function baseOf(settings: Settings, page: string): string {
  return new URL(settings.api || ".", page).href.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

/** Read config.json; there need be none.
 *
 * @throws TypeError if the server is away
 */
export async function readSettings(page: string): Promise<Settings> {
  const response = await fetch(new URL("config.json", page), { cache: "no-cache" });
  if (!response.ok) return DEFAULT_SETTINGS;
  return response.json().then(settingsOf, () => DEFAULT_SETTINGS);
}
