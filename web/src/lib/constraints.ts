/** Constraints on a number: as they are typed, and as they are sent to the API. */

import * as v from "valibot";
import type { NumberConstraints } from "./api/client";

export const CHECKSUMS = [
  ["luhn", "Luhn (cards)"],
  ["ean", "EAN (products)"],
  ["mod97", "Mod 97 (IBAN)"],
  ["damm", "Damm"],
  ["verhoeff", "Verhoeff"],
] as const;

export const CONSTRAINT_FIELDS = ["length", "pattern", "choices", "checksum"] as const;
export type ConstraintField = (typeof CONSTRAINT_FIELDS)[number];

/** What is in the fields of the page; "" is no constraint. */
export type TypedConstraints = Readonly<Record<ConstraintField, string>>;

export const NO_CONSTRAINTS: TypedConstraints = {
  length: "",
  pattern: "",
  choices: "",
  checksum: "",
};

/** More than the API's 10,000 choices of 20 digits, each on its line. */
export const MAX_CHOICES_LENGTH = 300_000;
const TextSchema = v.pipe(v.string(), v.maxLength(200));

export const TypedConstraintsSchema = v.object({
  length: TextSchema,
  pattern: TextSchema,
  choices: v.pipe(v.string(), v.maxLength(MAX_CHOICES_LENGTH)),
  checksum: v.picklist(["", ...CHECKSUMS.map(([value]) => value)]),
}) satisfies v.GenericSchema<unknown, TypedConstraints>;

/** One choice a line, or separated by commas; spaces around and empty lines do not count. */
export function parseChoices(text: string): string[] {
  return text
    .split(/[\n\r,;]+/)
    .map((line) => line.trim())
    .filter(Boolean);
}

/** The fields of the request; the API says what is not valid in them. */
export function toRequest(typed: TypedConstraints): NumberConstraints {
  const { length, pattern, checksum } = typed;
  const choices = parseChoices(typed.choices);
  return {
    length: length.trim() ? Number(length) : null,
    pattern: pattern.trim() || null,
    choices: choices.length > 0 ? choices : null,
    checksum: (checksum || null) as NonNullable<NumberConstraints["checksum"]> | null,
  };
}

/** The field that the API's explanation is about, if it is about one of those that are filled in. */
export function fieldOf(detail: string, typed: TypedConstraints): ConstraintField | null {
  const filled = CONSTRAINT_FIELDS.filter((field) => typed[field].trim());
  const words = detail.toLowerCase().match(/\b(?:length|pattern|choice|checksum)/g) ?? [];
  const named = words
    .map((word) => CONSTRAINT_FIELDS.find((field) => field.startsWith(word)))
    .find((field) => field !== undefined && filled.includes(field));
  return named ?? null;
}

/** The constraints in a few words, for when their fields are hidden; "" if there are none. */
export function summarize(typed: TypedConstraints): string {
  const choices = parseChoices(typed.choices).length;
  const checksum = CHECKSUMS.find(([value]) => value === typed.checksum);
  return [
    typed.length.trim() &&
      `${typed.length.trim()} ${typed.length.trim() === "1" ? "digit" : "digits"}`,
    typed.pattern.trim(),
    choices > 0 && `${choices} ${choices === 1 ? "choice" : "choices"}`,
    checksum?.[1].replace(/ \(.*/, ""),
  ]
    .filter(Boolean)
    .join(" · ");
}
