import { needsDrawing, SHORTCUTS, type Shortcut } from "../lib/shortcuts";
import { Dialog } from "./Dialog";
import { KeyCaps, ShortcutKeys } from "./ShortcutKeys";
import { Switch } from "./Switch";

interface Props {
  readonly singleKeys: boolean;
  readonly onSingleKeys: (singleKeys: boolean) => void;
  readonly onClose: () => void;
}

const PEN_KEYS = [
  [["Arrow keys"], "Move the pen"],
  [["Home", "Page Up", "End", "Page Down"], "Move diagonally"],
  [["Shift"], "Hold to move four steps"],
  [["Space"], "Lower or lift the pen"],
  [["Esc"], "Lift the pen"],
] as const;
const DIGIT_KEYS = [
  [["←", "→"], "Choose a digit"],
  [["0", "–", "9"], "Correct it"],
  [["Backspace"], "Undo its correction"],
] as const;

/** Lists all keyboard shortcuts. */
export function ShortcutsDialog({ singleKeys, onSingleKeys, onClose }: Props) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <h3>Anywhere on the page</h3>
      <ShortcutList shortcuts={SHORTCUTS.filter(({ command }) => !needsDrawing(command))} />
      <h3>In views with a drawing area</h3>
      <ShortcutList shortcuts={SHORTCUTS.filter(({ command }) => needsDrawing(command))} />
      <Switch label="Single-key shortcuts" on={singleKeys} onChange={onSingleKeys} />
      <h3>In the drawing area, when it has focus</h3>
      <KeyList keys={PEN_KEYS} />
      <h3>In the row of digits of a number, when it has focus</h3>
      <KeyList keys={DIGIT_KEYS} />
    </Dialog>
  );
}

function ShortcutList({ shortcuts }: { readonly shortcuts: readonly Shortcut[] }) {
  return (
    <dl className="shortcuts">
      {shortcuts.map((shortcut) => (
        <div key={shortcut.key + shortcut.command + Boolean(shortcut.shift)}>
          <dt>
            <ShortcutKeys shortcut={shortcut} />
          </dt>
          <dd>{shortcut.label}</dd>
        </div>
      ))}
    </dl>
  );
}

function KeyList({ keys }: { keys: readonly (readonly [readonly string[], string])[] }) {
  return (
    <dl className="shortcuts">
      {keys.map(([labels, label]) => (
        <div key={label}>
          <dt>
            <KeyCaps labels={labels} />
          </dt>
          <dd>{label}</dd>
        </div>
      ))}
    </dl>
  );
}
