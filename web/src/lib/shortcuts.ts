/** Keyboard shortcuts: one table that is handled, shown on the page and announced. */

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
  | "number"
  | "copy"
  | "link"
  | "draw"
  | "inside"
  | "handwriting"
  | "game"
  | "train"
  | "how"
  | "help";

export interface Shortcut {
  readonly command: Command;
  readonly label: string;
  /** `KeyboardEvent.key` in lower case. */
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
  { command: "clear", label: "Clear the drawing", key: "delete" },
  { command: "predict", label: "Predict", key: "enter", control: true },
  { command: "open", label: "Open an image", key: "o" },
  { command: "mode", label: "Freehand or pixels", key: "m" },
  { command: "copy", label: "Copy the number", key: "c" },
  { command: "draw", label: "Draw", key: "d" },
  { command: "number", label: "Number", key: "n" },
  { command: "inside", label: "Inside", key: "i" },
  { command: "handwriting", label: "My handwriting", key: "w" },
  { command: "game", label: "Game", key: "g" },
  { command: "train", label: "Train", key: "t" },
  { command: "how", label: "How it works", key: "h" },
  { command: "link", label: "Copy a link", key: "l" },
  { command: "help", label: "Show this list", key: "?" },
];

const OF_THE_PAGE: ReadonlySet<Command> = new Set([
  "link",
  "draw",
  "number",
  "inside",
  "handwriting",
  "game",
  "train",
  "how",
  "help",
]);

/** Whether a command needs the drawing area, which some views do not have. */
export function needsDrawing(command: Command): boolean {
  return !OF_THE_PAGE.has(command);
}

export type KeyPress = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** The command of a key press, if it has one.
 *
 * @param singleKeys  whether keys without Control count; some people press them by accident
 */
export function commandFor(press: KeyPress, singleKeys = true): Command | undefined {
  const control = press.ctrlKey || press.metaKey;
  const key = press.key.toLowerCase();
  if (press.altKey || (!control && !singleKeys)) return undefined;
  return SHORTCUTS.find(
    (shortcut) =>
      shortcut.key === key &&
      Boolean(shortcut.control) === control &&
      // Whether a sign such as "?" needs Shift depends on the keyboard layout.
      (!/[a-z]/.test(key) || Boolean(shortcut.shift) === press.shiftKey),
  )?.command;
}

const CONTROL = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "") ? "⌘" : "Ctrl";

const KEY_LABELS: Record<string, string> = { delete: "Del", enter: "Enter" };

/** Labels of the keys of a shortcut, in the order in which they are pressed. */
export function keyLabels(shortcut: Shortcut): string[] {
  return [
    ...(shortcut.control ? [CONTROL] : []),
    ...(shortcut.shift ? ["Shift"] : []),
    KEY_LABELS[shortcut.key] ?? shortcut.key.toUpperCase(),
  ];
}

/** The first shortcut of a command. */
export function shortcutFor(command: Command): Shortcut {
  return SHORTCUTS.find((shortcut) => shortcut.command === command) as Shortcut;
}

/** The value of `aria-keyshortcuts` for a command. */
export function ariaKeyShortcuts(command: Command): string {
  const names = { Ctrl: "Control", "⌘": "Meta", Del: "Delete" } as Record<string, string>;
  return keyLabels(shortcutFor(command))
    .map((key) => names[key] ?? key)
    .join("+");
}
