/** What a person types to start a run, and the request that it becomes. */

export interface TypedOptions {
  readonly recipe: string;
  readonly hidden: string;
  readonly activation: string;
  readonly dropout: string;
  readonly optimizer: string;
  readonly schedule: string;
  readonly learning_rate: string;
  readonly batch_size: string;
  readonly epochs: string;
  readonly augment: string;
  /** In percent. */
  readonly share: string;
  readonly seed: string;
  readonly data: string;
  readonly more_data: boolean;
  readonly early_stopping: string;
  readonly paused: boolean;
  readonly name: string;
}
export type OptionField = keyof TypedOptions;

/** The request; the lab checks it, so it may have anything that was typed. */
export type LabBody = Readonly<Record<string, unknown>>;

export const NO_OPTIONS: TypedOptions = {
  recipe: "",
  hidden: "",
  activation: "",
  dropout: "",
  optimizer: "",
  schedule: "",
  learning_rate: "",
  batch_size: "",
  epochs: "",
  augment: "",
  share: "",
  seed: "",
  data: "",
  more_data: false,
  early_stopping: "",
  paused: false,
  name: "",
};

const NUMBERS = [
  "dropout",
  "learning_rate",
  "batch_size",
  "epochs",
  "share",
  "seed",
  "early_stopping",
] as const;
const NAMES = ["activation", "optimizer", "schedule", "augment", "name"] as const;

/** The number that was typed, or the text itself, about which the API will complain. */
function numberOr(text: string): number | string {
  const number = Number(text.trim().replace(",", "."));
  return Number.isFinite(number) ? number : text.trim();
}

/** The request for what was typed; a field that is empty is left to the recipe.
 *
 * @param convolutional  whether the recipe's layers cannot be chosen
 */
export function toBody(typed: TypedOptions, convolutional: boolean): LabBody {
  const body: Record<string, unknown> = { recipe: typed.recipe, data: typed.data };
  for (const name of NAMES) if (typed[name].trim()) body[name] = typed[name].trim();
  for (const name of NUMBERS) {
    if (!typed[name].trim()) continue;
    const value = numberOr(typed[name]);
    body[name] = name === "share" && typeof value === "number" ? value / 100 : value;
  }
  const sizes = typed.hidden.split(/[\s,;]+/).filter(Boolean);
  if (sizes.length > 0 && !convolutional) body.hidden = sizes.map(numberOr);
  if (typed.more_data) body.more_data = true;
  if (typed.paused) body.paused = true;
  return body;
}

/** Words by which a sentence of the API names a field, where they are not its name. */
const WORDS: readonly (readonly [RegExp, OptionField])[] = [
  [/\bhidden|\blayers?\b|\bconvolution/, "hidden"],
  [/\blearning[ _]rate/, "learning_rate"],
  [/\bbatch/, "batch_size"],
  [/\bearly[ _]stopping|\bimproves/, "early_stopping"],
  [/\bdropout/, "dropout"],
  [/\bactivation/, "activation"],
  [/\boptimizer/, "optimizer"],
  [/\bschedule/, "schedule"],
  [/\baugment/, "augment"],
  [/\bepochs?\b/, "epochs"],
  [/\bseed\b/, "seed"],
  [/\bshare\b/, "share"],
  [/\bname\b|\brun called\b/, "name"],
  [/\bdata\b|\bimages\b|\bmnist\b/, "data"],
  [/\brecipe\b/, "recipe"],
];

/** The field that a sentence of the API is about; null if it is about none. */
export function fieldOf(detail: string): OptionField | null {
  const text = detail.toLowerCase();
  const exact = /^the field "?([a-z_]+)/.exec(text)?.[1];
  if (exact !== undefined && exact in NO_OPTIONS) return exact as OptionField;
  return WORDS.find(([words]) => words.test(text))?.[1] ?? null;
}
