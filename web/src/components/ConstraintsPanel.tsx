import { type ReactNode, useEffect, useState } from "react";
import {
  CHECKSUMS,
  type ConstraintField,
  MAX_CHOICES_LENGTH,
  NO_CONSTRAINTS,
  summarize,
  type TypedConstraints,
} from "../lib/constraints";
import "../styles/constraints.css";
import { Field, type FieldAttributes } from "./Field";

interface Props {
  readonly typed: TypedConstraints;
  readonly onType: (typed: TypedConstraints) => void;
  /** What the API says about the field that is not valid. */
  readonly invalid: { readonly field: ConstraintField; readonly detail: string } | null;
}

/** What is known of the number: its length, a pattern, the possible choices and a checksum. */
export function ConstraintsPanel({ typed, onType, invalid }: Props) {
  const [open, setOpen] = useState(false);
  const isInvalid = invalid !== null;
  useEffect(() => {
    if (isInvalid) setOpen(true);
  }, [isInvalid]);
  const summary = summarize(typed);
  const field = (
    name: ConstraintField,
    label: string,
    hint: string,
    input: (props: InputProps) => ReactNode,
  ) => (
    <Field
      className="constraint"
      label={label}
      hint={hint}
      error={invalid?.field === name ? invalid.detail : null}
      input={(attributes) =>
        input({
          ...attributes,
          value: typed[name],
          onChange: (event) => onType({ ...typed, [name]: event.target.value }),
        })
      }
    />
  );
  return (
    <details
      className="constraints"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <span>Constraints</span>
        <span className="constraints-summary">{summary || "none"}</span>
      </summary>
      <div className="constraints-fields">
        {field("length", "Length", "How many digits, at most 20", (props) => (
          <input type="number" min={1} max={20} inputMode="numeric" {...props} />
        ))}
        {field("checksum", "Checksum", "That the last digits satisfy", (props) => (
          <select {...props}>
            <option value="">None</option>
            {CHECKSUMS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        ))}
        {field("pattern", "Pattern", "Such as 20\\d\\d or [1-6]{3}(0|5)", (props) => (
          <input type="text" maxLength={100} autoCapitalize="off" spellCheck={false} {...props} />
        ))}
        {field("choices", "Choices", "One a line: the numbers that are possible", (props) => (
          <textarea rows={4} maxLength={MAX_CHOICES_LENGTH} spellCheck={false} {...props} />
        ))}
        <button
          type="button"
          className="ghost"
          aria-disabled={summary === "" || undefined}
          onClick={() => summary && onType(NO_CONSTRAINTS)}
        >
          Clear constraints
        </button>
      </div>
    </details>
  );
}

interface InputProps extends FieldAttributes {
  readonly value: string;
  readonly onChange: (event: { readonly target: { readonly value: string } }) => void;
}
