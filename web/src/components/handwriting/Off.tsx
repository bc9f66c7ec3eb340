import { type FormEvent, type ReactNode, useId, useState } from "react";
import type { Consent } from "../../lib/profiles/api";
import { isToken } from "../../lib/profiles/token";
import { ControlButton } from "../train/ControlButton";
import { FileButton } from "./FileButton";

/** Why this server keeps no handwriting, and how to get one that does. */
export function ProfilesAbsent() {
  return (
    <div className="handwriting-off">
      <p>This server keeps no handwriting, because it was started without a database.</p>
      <p>
        To teach it yours on your own computer, type this in a terminal, and open the address that
        it prints:
      </p>
      <pre>
        <code>
          {'pip install "inkdigits[profiles]"\n'}
          INKDIGITS_DATABASE=handwriting.sqlite3 inkdigits serve
        </code>
      </pre>
    </div>
  );
}

interface Props {
  /** What a person agrees to, in the words of the server; undefined until it has arrived. */
  readonly consent: Consent | undefined;
  readonly busy: boolean;
  /** What has happened, such as that the profile was deleted. */
  readonly message: ReactNode;
  readonly onTurnOn: () => void;
  readonly onToken: (token: string) => void;
  readonly onFile: (file: File) => void;
}

/** What is kept if one turns it on, and what turns it on. */
export function Off({ consent, busy, message, onTurnOn, onToken, onFile }: Props) {
  const [agreed, setAgreed] = useState(false);
  const reason = !consent
    ? "Loading…"
    : !agreed
      ? "Agree first: tick the box above."
      : busy
        ? "Turning on…"
        : null;
  return (
    <div className="handwriting-off">
      {message}
      <p className="lead">
        If the model often misreads your digits, write some for it: a personal model is then fitted
        to your handwriting, and used in this browser. This is off, and nothing is kept, until you
        turn it on.
      </p>
      <section className="card consent" aria-labelledby="consent-title">
        <h3 id="consent-title">What is kept</h3>
        {consent ? (
          consent.text
            .split(/\n\s*\n/)
            .map((paragraph) => <p key={paragraph}>{paragraph.replace(/\s+/g, " ")}</p>)
        ) : (
          <p className="muted">Loading…</p>
        )}
        <label className="check">
          <input
            type="checkbox"
            checked={agreed}
            onChange={(event) => setAgreed(event.target.checked)}
          />
          <span>I agree that this is kept.</span>
        </label>
        <div className="control-row">
          <ControlButton kind="primary" reason={reason} onClick={onTurnOn}>
            Turn on my handwriting
          </ControlButton>
        </div>
      </section>
      <section className="card" aria-labelledby="elsewhere-title">
        <h3 id="elsewhere-title">You have already taught it?</h3>
        <TokenForm onToken={onToken} />
        <p className="muted">
          Or import a file that you have exported, here or from another server.
        </p>
        <div className="control-row">
          <FileButton reason={busy ? "Wait a moment." : null} onFile={onFile}>
            Import a file
          </FileButton>
        </div>
      </section>
    </div>
  );
}

/** Takes the token that was copied on another device. */
export function TokenForm({ onToken }: { readonly onToken: (token: string) => void }) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = typed.trim();
    const valid = isToken(token);
    setWrong(!valid);
    if (valid) onToken(token);
  };
  return (
    <form className="token-form" onSubmit={submit}>
      <label htmlFor={id}>On another device: paste the token that you copied there.</label>
      <div className="control-row">
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
        <button type="submit">Use this token</button>
      </div>
      <p id={`${id}-problem`} className="field-error" role={wrong ? "alert" : undefined}>
        {wrong && "This is not a token: copy it again, with “Copy the token” on the other device."}
      </p>
    </form>
  );
}
