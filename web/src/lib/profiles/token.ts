/** The token of this browser's profile, which is "My handwriting"; without one, nothing is kept. */

import * as v from "valibot";
import { load, onStoredElsewhere, remove, save } from "../storage";

const NAME = "profile";
const OFF = "profile-off";
const TRIAL = "profile-trial";
const TokenSchema = v.pipe(v.string(), v.regex(/^[\w~+/=.-]{32,256}$/));

/** Whether a text can be a token. */
export const isToken = (text: string) => v.is(TokenSchema, text);

/** The token; undefined if this browser has no profile. */
export const loadToken = () => load("local", NAME, TokenSchema);

/** Keep the token; false if the browser stores nothing. */
export function saveToken(token: string): boolean {
  setUsed(true);
  return save("local", NAME, token);
}

/** Whether this browser stores anything for the page. */
export function canStoreToken(): boolean {
  const stored = save("local", TRIAL, true);
  remove("local", TRIAL);
  return stored;
}

export const forgetToken = () => remove("local", NAME);

/** Whether predictions use the profile; a person may turn that off. */
export const isUsed = () => !load("local", OFF, v.literal(true));

/** Turn the use of the profile on or off; false if the browser stores nothing. */
export function setUsed(used: boolean): boolean {
  if (!used) return save("local", OFF, true);
  remove("local", OFF);
  return true;
}

/** Call a function when another tab gets or forgets a token; returns a function that stops that. */
export const onTokenElsewhere = (onChange: () => void) =>
  onStoredElsewhere("local", NAME, onChange);

/** The same request with the token, if it predicts: a profile is only ever named in this header.
 *
 * @returns  undefined if there is no profile to use
 */
export function authorized(request: Request): Request | undefined {
  const token = request.method === "POST" && isUsed() && loadToken();
  if (!token) return undefined;
  const personal = request.clone();
  personal.headers.set("Authorization", `Bearer ${token}`);
  return personal;
}
