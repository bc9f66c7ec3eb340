/** The token of this browser's profile, which is "My handwriting"; without one, nothing is kept. */

import * as v from "valibot";
import { load, onStoredElsewhere, remove, save } from "../storage";

const NAME = "profile";
const TokenSchema = v.pipe(v.string(), v.regex(/^[\w~+/=.-]{32,256}$/));

/** The token; undefined if this browser has no profile. */
export const loadToken = () => load("local", NAME, TokenSchema);

/** Keep the token; false if the browser stores nothing. */
export const saveToken = (token: string) => save("local", NAME, token);

export const forgetToken = () => remove("local", NAME);

/** Call a function when another tab gets or forgets a token; returns a function that stops that. */
export const onTokenElsewhere = (onChange: () => void) =>
  onStoredElsewhere("local", NAME, onChange);

/** Add the token to a request that predicts: a profile is only ever named in this header. */
export function authorize(request: Request): void {
  const token = request.method === "POST" && loadToken();
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
}
