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

/** Why the lab did not start a run, and the field that is wrong; null if it is about none. */
export interface Refusal {
  readonly problem: string;
  readonly field: OptionField | null;
}

/** The refusal of the API, whose field the form may not have. */
export function refusalOf(problem: string, field: string | undefined): Refusal {
  return {
    problem,
    field: field !== undefined && field in NO_OPTIONS ? (field as OptionField) : null,
  };
}
