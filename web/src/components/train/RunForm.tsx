import { type FormEvent, useEffect, useRef, useState } from "react";
import { formatCount } from "../../lib/format";
import {
  type LabBody,
  type OptionField,
  type Refusal,
  type TypedOptions,
  toBody,
} from "../../lib/lab/options";
import type { LabDescription } from "../../lib/lab/schemas";
import { formatSetting } from "../../lib/lab/settings";
import { Field } from "../Field";
import { Switch } from "../Switch";

interface Props {
  readonly lab: LabDescription;
  readonly typed: TypedOptions;
  readonly onType: (typed: TypedOptions) => void;
  /** Start a run; returns why, if the API refuses it. */
  readonly onStart: (body: LabBody) => Promise<Refusal | null>;
}

const DEFAULT_RECIPE = "mlp";

type Input = "integer" | "decimal" | "text";

/** What to train, and how. An empty field keeps the value of the recipe. */
export function RunForm({ lab, typed, onType, onStart }: Props) {
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [starting, setStarting] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusal === null) return;
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [refusal]);
  const recipe =
    lab.recipes.find(({ name }) => name === (typed.recipe || DEFAULT_RECIPE)) ?? lab.recipes[0];
  const data = lab.data.find(({ name }) => name === typed.data) ?? lab.data[0];
  if (!recipe || !data) return <p>This server has no recipes to train.</p>;
  const convolutional = recipe.has_convolutions;
  const problem = refusal?.problem ?? null;
  const wrong = refusal?.field ?? null;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (starting || !data.available) return;
    setStarting(true);
    setRefusal(null);
    const options = { ...typed, recipe: recipe.name, data: data.name };
    const refused = await onStart(toBody(options, convolutional));
    setStarting(false);
    setRefusal(refused);
  };

  const set = <Name extends OptionField>(name: Name, value: TypedOptions[Name]) => {
    if (wrong === name) setRefusal(null);
    onType({ ...typed, [name]: value });
  };
  const errorAt = (name: OptionField) => (wrong === name ? problem : null);
  const ofRecipe = (name: string) => formatSetting(recipe.settings[name]);
  const text = (name: OptionField, label: string, hint: string, kind: Input, fallback: string) => (
    <Field
      label={label}
      hint={hint}
      error={errorAt(name)}
      input={(attributes) => (
        <input
          {...attributes}
          type="text"
          inputMode={kind === "integer" ? "numeric" : kind}
          maxLength={100}
          spellCheck={false}
          value={String(typed[name])}
          placeholder={fallback}
          onChange={(event) => set(name, event.target.value)}
        />
      )}
    />
  );
  const choice = (name: OptionField, label: string, hint: string) => (
    <Field
      label={label}
      hint={hint}
      error={errorAt(name)}
      input={(attributes) => (
        <select
          {...attributes}
          value={String(typed[name])}
          onChange={(event) => set(name, event.target.value)}
        >
          <option value="">{`${ofRecipe(name)} (recipe)`}</option>
          {(lab.choices[name] ?? []).map((value) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      )}
    />
  );
  return (
    <form ref={form} className="run-form" onSubmit={submit} noValidate>
      <fieldset className="fields recipe-fields">
        <legend className="visually-hidden">Recipe and data</legend>
        <Field
          label="Recipe"
          hint={recipe.summary}
          error={errorAt("recipe")}
          input={(attributes) => (
            <select
              {...attributes}
              value={recipe.name}
              onChange={(event) => set("recipe", event.target.value)}
            >
              {lab.recipes.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        />
        <Field
          label="Data"
          hint={dataHint(data)}
          error={errorAt("data")}
          input={(attributes) => (
            <select
              {...attributes}
              value={data.name}
              onChange={(event) => set("data", event.target.value)}
            >
              {lab.data.map(({ name, title, available }) => (
                <option key={name} value={name}>
                  {available ? title : `${title} (not installed)`}
                </option>
              ))}
            </select>
          )}
        />
      </fieldset>
      <fieldset className="fields">
        <legend>Network</legend>
        {convolutional ? (
          <Field
            label="Hidden layers"
            hint={`${recipe.name} is convolutional; its layers cannot be changed.`}
            error={errorAt("hidden")}
            input={(attributes) => <input {...attributes} type="text" disabled value="" />}
          />
        ) : (
          text(
            "hidden",
            "Hidden layers",
            "Sizes, such as 128, 64",
            "text",
            ofRecipe("hidden" in recipe.settings ? "hidden" : "layers"),
          )
        )}
        {choice("activation", "Activation", "After each hidden layer")}
        {text("dropout", "Dropout", "Share of units, from 0 to 1", "decimal", "0")}
      </fieldset>
      <fieldset className="fields">
        <legend>Training</legend>
        {choice("optimizer", "Optimizer", "The rule that updates the weights")}
        {text(
          "learning_rate",
          "Learning rate",
          "The highest rate of the schedule",
          "decimal",
          ofRecipe("learning_rate"),
        )}
        {choice("schedule", "Schedule", "How the learning rate changes")}
        {text("batch_size", "Batch size", "Images per step", "integer", ofRecipe("batch_size"))}
        {text("epochs", "Epochs", "Passes over all images", "integer", ofRecipe("epochs"))}
        {text(
          "early_stopping",
          "Patience",
          "Epochs without improvement before stopping",
          "integer",
          "no early stopping",
        )}
      </fieldset>
      <fieldset className="fields">
        <legend>Data and randomness</legend>
        {choice("augment", "Augmentation", "Random distortion of each image")}
        {text("share", "Share of the images (%)", "Fewer images train faster", "decimal", "100")}
        {text("seed", "Seed", "The same seed gives the same run", "integer", "0")}
        {text("name", "Name of the run", "Shown in the list", "text", "chosen automatically")}
      </fieldset>
      <div className="form-end">
        <Switch
          label="Also train on the recipe’s other data sets and non-digits"
          on={typed.more_data}
          onChange={(on) => set("more_data", on)}
        />
        <Switch
          label="Pause before the first step"
          on={typed.paused}
          onChange={(on) => set("paused", on)}
        />
        <button
          type="submit"
          className="primary"
          aria-disabled={starting || !data.available || undefined}
          title={data.available ? undefined : "The data are not installed."}
        >
          {starting ? "Starting…" : "Start training"}
        </button>
        {problem !== null && wrong === null && (
          <p className="field-error" role="alert">
            {problem}
          </p>
        )}
      </div>
    </form>
  );
}

function dataHint({ title, available, count }: LabDescription["data"][number]): string {
  if (!available) {
    return `${title} is not installed: run “inkdigits data” in a terminal, then come back here.`;
  }
  return count === null ? "Images to learn from" : `${formatCount(count)} images to learn from`;
}
