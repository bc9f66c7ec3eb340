/** Links that restore a view with its drawing, model and parameters. */

import * as v from "valibot";
import {
  type Address,
  addressProblem,
  formatAddress,
  MAX_FRAGMENT_LENGTH,
  parseAddress,
} from "./address";
import { NameSchema } from "./api/responses";
import {
  CONSTRAINT_FIELDS,
  NO_CONSTRAINTS,
  type TypedConstraints,
  TypedConstraintsSchema,
} from "./constraints";
import type { Drawing } from "./drawing";
import { decodeDrawing, encodeDrawing } from "./drawingLink";

/** What a link restores besides the view. */
export interface LinkContent {
  readonly drawing: Drawing | null;
  /** The name of the model. */
  readonly model: string | null;
  /** The constraints of the number that is drawn; null without one. */
  readonly constraints: TypedConstraints | null;
}

export type OpenedLink =
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly reason: string; readonly address: Address }
  /** The address is what remains: the view with its own parameters. */
  | { readonly kind: "content"; readonly content: LinkContent; readonly address: Address };

const DAMAGED = "This link is damaged, so its drawing was not opened.";

/** The fragment of a link; null if it would be too long. */
export function formatLink({ view, parameters }: Address, content: LinkContent): string | null {
  const { drawing, model, constraints } = content;
  const text = drawing && encodeDrawing(drawing);
  if (drawing && !text) return null;
  const filled = CONSTRAINT_FIELDS.filter((field) => constraints?.[field]);
  const fragment = formatAddress({
    view,
    parameters: {
      ...parameters,
      ...Object.fromEntries(filled.map((field) => [field, constraints?.[field] ?? ""])),
      ...(model !== null && { model }),
      ...(text && { drawing: text }),
    },
  });
  return fragment.length > MAX_FRAGMENT_LENGTH ? null : fragment;
}

/** What is in the fragment of a link, which may come from anyone. */
export function parseLink(fragment: string): OpenedLink {
  const address = parseAddress(fragment);
  if (!address) return { kind: "nothing" };
  const { view } = address;
  const empty = { view, parameters: {} };
  const problem = addressProblem(fragment);
  if (problem) return { kind: "refused", reason: problem, address: empty };

  const { drawing: text, model = null, ...rest } = address.parameters;
  const isNumber = view === "number";
  const fields = isNumber ? CONSTRAINT_FIELDS.filter((field) => field in rest) : [];
  if (text === undefined && model === null) return { kind: "nothing" };

  const drawing = text === undefined ? null : decodeDrawing(text);
  const constraints = v.safeParse(TypedConstraintsSchema, { ...NO_CONSTRAINTS, ...rest });
  const isDamaged =
    (text !== undefined && (drawing === null || (drawing.mode === "number") !== isNumber)) ||
    (model !== null && !v.is(NameSchema, model)) ||
    (isNumber && !constraints.success);
  if (isDamaged) return { kind: "refused", reason: DAMAGED, address: empty };
  const own = Object.entries(rest).filter(([name]) => !fields.some((field) => field === name));
  return {
    kind: "content",
    content: {
      drawing,
      model,
      constraints: isNumber && drawing && constraints.success ? constraints.output : null,
    },
    address: { view, parameters: Object.fromEntries(own) },
  };
}
