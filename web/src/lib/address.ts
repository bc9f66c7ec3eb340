/** Addresses of the views: fragments, so that the page works at any path and on any web server. */

export const VIEWS = ["draw", "number", "inside", "handwriting", "game", "train", "how"] as const;
export type View = (typeof VIEWS)[number];

/** Parameters by name, decoded. Those of a link that a stranger sent may be anything. */
export type Parameters = Readonly<Record<string, string>>;

export interface Address {
  readonly view: View;
  readonly parameters: Parameters;
}

export const VIEW_TITLES: Readonly<Record<View, string>> = {
  draw: "Draw",
  number: "Number",
  inside: "Inside",
  handwriting: "My handwriting",
  game: "Game",
  train: "Train",
  how: "How it works",
};

export const HOME: Address = { view: "draw", parameters: {} };

/** Longer fragments are not parsed. Browsers and messengers shorten or refuse them at other lengths. */
export const MAX_FRAGMENT_LENGTH = 16_000;

/** The address in a fragment such as "#/inside?target=7".
 *
 * @returns  null if the fragment belongs to an element of the page, as in "#drawing"; Draw, without
 *           parameters, if `addressProblem` has something to say about it
 */
export function parseAddress(fragment: string): Address | null {
  if (fragment === "" || fragment === "#") return HOME;
  if (!fragment.startsWith("#/")) return null;
  if (addressProblem(fragment)) return HOME;
  const [path = "", ...query] = fragment.slice(2).split("?");
  const parameters = new URLSearchParams(query.join("?"));
  return { view: viewOf(path) ?? "draw", parameters: Object.fromEntries(parameters) };
}

/** Why a fragment cannot be an address, in one sentence; null if it can. */
export function addressProblem(fragment: string): string | null {
  if (!fragment.startsWith("#/")) return null;
  if (fragment.length > MAX_FRAGMENT_LENGTH) return "This link is too long, so it was not opened.";
  const [path = ""] = fragment.slice(2).split("?");
  return viewOf(path) ? null : "This link leads to a view that does not exist.";
}

/** The fragment of an address: "#/inside?target=7". */
export function formatAddress({ view, parameters }: Address): string {
  const query = new URLSearchParams(parameters).toString();
  return `#/${view === "draw" ? "" : view}${query && `?${query}`}`;
}

function viewOf(path: string): View | undefined {
  return path === "" ? "draw" : VIEWS.find((view) => view === path);
}
