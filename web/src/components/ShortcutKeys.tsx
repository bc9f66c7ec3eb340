import { type Command, keyLabels, type Shortcut, shortcutFor } from "../lib/shortcuts";

export function ShortcutKeys({ shortcut }: { readonly shortcut: Shortcut }) {
  return <KeyCaps labels={keyLabels(shortcut)} />;
}

export function KeyCaps({ labels }: { readonly labels: readonly string[] }) {
  return (
    <span className="key-caps">
      {labels.map((label) => (
        <kbd key={label}>{label}</kbd>
      ))}
    </span>
  );
}

/** The keys of a command on its button. Screen readers get them from `aria-keyshortcuts`. */
export function ShortcutHint({ command }: { readonly command: Command }) {
  return (
    <span className="shortcut-hint" aria-hidden="true">
      <ShortcutKeys shortcut={shortcutFor(command)} />
    </span>
  );
}
