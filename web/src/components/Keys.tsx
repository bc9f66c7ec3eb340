import { type Command, keysOf, type Shortcut, shortcutOf } from "../lib/keys";

/** The keys of a shortcut, as on a keyboard. */
export function Keys({ shortcut }: { readonly shortcut: Shortcut }) {
  return (
    <span className="keys">
      {keysOf(shortcut).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}

/** The keys of a command on its button; aria-keyshortcuts says them to those who do not see. */
export function Hint({ command }: { readonly command: Command }) {
  return (
    <span className="hint" aria-hidden="true">
      <Keys shortcut={shortcutOf(command)} />
    </span>
  );
}
