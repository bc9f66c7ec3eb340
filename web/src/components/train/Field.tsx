import { type ReactNode, useId } from "react";

interface Attributes {
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
  readonly input: (attributes: Attributes) => ReactNode;
}

/** A field of a form with its label and its hint. */
export function Field({ label, hint, error, input }: Props) {
  const id = useId();
  return (
    <div className="field" data-invalid={error !== null || undefined}>
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
