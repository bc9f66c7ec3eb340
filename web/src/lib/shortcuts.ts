/** The keyboard shortcuts: one table that the page obeys, shows and announces. */

export type Command =
  | "pen"
  | "eraser"
  | "thinner"
  | "thicker"
  | "undo"
  | "redo"
  | "clear"
  | "predict"
  | "open"
  | "mode"
  | "help";

export interface Shortcut {
  readonly command: Command;
  readonly label: string;
  /** As KeyboardEvent.key tells it, in lower case. */
  readonly key: string;
  readonly control?: true;
  readonly shift?: true;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { command: "pen", label: "Pen", key: "p" },
  { command: "eraser", label: "Eraser", key: "e" },
  { command: "thinner", label: "Thinner pen", key: "[" },
  { command: "thicker", label: "Thicker pen", key: "]" },
  { command: "undo", label: "Undo", key: "z", control: true },
  { command: "redo", label: "Redo", key: "y", control: true },
  { command: "redo", label: "Redo", key: "z", control: true, shift: true },
  { command: "clear", label: "Clear the sheet", key: "delete" },
  { command: "predict", label: "Predict", key: "enter", control: true },
  { command: "open", label: "Open a picture", key: "o" },
  { command: "mode", label: "Sheet or pixels", key: "m" },
  { command: "help", label: "This list", key: "?" },
];

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** The command that a key press means, if any.
 *
 * @param single  whether keys without Control count: some people press them without meaning to
 */
export function commandOf(press: Press, single = true): Command | undefined {
  const control = press.ctrlKey || press.metaKey;
  const key = press.key.toLowerCase();
  if (press.altKey || (!control && !single)) return undefined;
  return SHORTCUTS.find(
    (shortcut) =>
      shortcut.key === key &&
      Boolean(shortcut.control) === control &&
      // What Shift is needed for differs between keyboards, so of signs it is not asked.
      (!/[a-z]/.test(key) || Boolean(shortcut.shift) === press.shiftKey),
  )?.command;
}

const CONTROL = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "") ? "⌘" : "Ctrl";

const SHOWN: Record<string, string> = { delete: "Del", enter: "Enter" };

/** The keys of a shortcut, one by one, as they are shown. */
export function keyLabels(shortcut: Shortcut): string[] {
  return [
    ...(shortcut.control ? [CONTROL] : []),
    ...(shortcut.shift ? ["Shift"] : []),
    SHOWN[shortcut.key] ?? shortcut.key.toUpperCase(),
  ];
}

/** The first shortcut of a command. */
export function shortcutOf(command: Command): Shortcut {
  return SHORTCUTS.find((shortcut) => shortcut.command === command) as Shortcut;
}

/** As the attribute aria-keyshortcuts wants it. */
export function ariaKeys(command: Command): string {
  const spoken = { Ctrl: "Control", "⌘": "Meta", Del: "Delete" } as Record<string, string>;
  return keyLabels(shortcutOf(command))
    .map((key) => spoken[key] ?? key)
    .join("+");
}
