import { type FormEvent, useId, useState } from "react";

/** Why there is no lab, and how to get one. */
export function LabOff({
  detail,
  onRetry,
}: {
  readonly detail: string;
  readonly onRetry: () => void;
}) {
  return (
    <div className="lab-off">
      <p className="notice" role="alert">
        {detail}
      </p>
      <p>
        To train on your own computer, type this in a terminal, and open the address that it prints:
      </p>
      <pre>
        <code>inkdigits lab</code>
      </pre>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

interface TokenFormProps {
  readonly wrong: boolean;
  readonly onEnter: (token: string) => void;
}

/** Asks for the token of a lab that other computers can reach. */
export function TokenForm({ wrong, onEnter }: TokenFormProps) {
  const [typed, setTyped] = useState("");
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim()) onEnter(typed.trim());
  };
  return (
    <form className="token-form" onSubmit={submit}>
      <p>
        Other computers can reach this server, so its lab needs a token: the one that it was started
        with, in <code>INKDIGITS_LAB_TOKEN</code>.
      </p>
      <div className="inline-field">
        <label htmlFor={id}>Token</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          maxLength={256}
          value={typed}
          aria-invalid={wrong}
          aria-describedby={`${id}-problem`}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" aria-disabled={!typed.trim() || undefined}>
          Open the lab
        </button>
      </div>
      <p id={`${id}-problem`} className="field-error" role={wrong ? "alert" : undefined}>
        {wrong && "This is not the token of the lab."}
      </p>
    </form>
  );
}
