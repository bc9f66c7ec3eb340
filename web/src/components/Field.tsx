import { type ReactNode, useId } from "react";

export interface FieldAttributes {
  readonly id: string;
  readonly autoComplete: "off";
  readonly "aria-describedby": string;
  readonly "aria-invalid": boolean;
}

interface Props {
  readonly label: string;
  readonly hint: string;
  /** What the API says about it; shown in place of the hint. */
  readonly error: string | null;
  readonly input: (attributes: FieldAttributes) => ReactNode;
  readonly className?: string;
}

/** A field of a form with its label and its hint. */
export function Field({ label, hint, error, input, className = "field" }: Props) {
  const id = useId();
  return (
    <div className={className} data-invalid={error !== null || undefined}>
      <label htmlFor={id}>{label}</label>
      {input({
        id,
        autoComplete: "off",
        "aria-describedby": `${id}-hint`,
        "aria-invalid": error !== null,
      })}
      <p id={`${id}-hint`} role={error === null ? undefined : "alert"}>
        {error ?? hint}
      </p>
    </div>
  );
}
