/** The settings of runs, and which of them differ. */

export type SettingValue = string | number | boolean | null;
export type Settings = Readonly<Record<string, SettingValue>>;

export interface SettingRow {
  readonly name: string;
  /** One for each run, as text; "–" where a run does not have the setting. */
  readonly values: readonly string[];
}

export function formatSetting(value: SettingValue | undefined): string {
  if (value === undefined || value === null || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : value;
}

/** The settings that are not the same in all runs, in the order in which the runs name them. */
export function differingSettings(runs: readonly Settings[]): SettingRow[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  return names
    .map((name) => ({ name, values: runs.map((run) => formatSetting(run[name])) }))
    .filter(({ values }) => new Set(values).size > 1);
}

/** A setting's name in words: "learning_rate" and "optimizer.weight_decay" become readable. */
export function settingLabel(name: string): string {
  const words = name.replaceAll(/[._]/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
