import { type Command, keyLabels, type Shortcut, shortcutOf } from "../lib/shortcuts";

/** The keys of a shortcut, as on a keyboard. */
export function ShortcutKeys({ shortcut }: { readonly shortcut: Shortcut }) {
  return (
    <span className="key-caps">
      {keyLabels(shortcut).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}

/** The keys of a command on its button; aria-keyshortcuts says them to those who do not see. */
export function ShortcutHint({ command }: { readonly command: Command }) {
  return (
    <span className="shortcut-hint" aria-hidden="true">
      <ShortcutKeys shortcut={shortcutOf(command)} />
    </span>
  );
}
