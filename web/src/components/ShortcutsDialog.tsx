import { SHORTCUTS } from "../lib/shortcuts";
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

/** Lists all keyboard shortcuts. */
export function ShortcutsDialog({ singleKeys, onSingleKeys, onClose }: Props) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <h3>Anywhere on the page</h3>
      <dl className="shortcuts">
        {SHORTCUTS.map((shortcut) => (
          <div key={shortcut.key + shortcut.command + Boolean(shortcut.shift)}>
            <dt>
              <ShortcutKeys shortcut={shortcut} />
            </dt>
            <dd>{shortcut.label}</dd>
          </div>
        ))}
      </dl>
      <Switch label="Single-key shortcuts" on={singleKeys} onChange={onSingleKeys} />
      <h3>In the drawing area, when it has focus</h3>
      <dl className="shortcuts">
        {PEN_KEYS.map(([keys, label]) => (
          <div key={label}>
            <dt>
              <KeyCaps labels={keys} />
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
