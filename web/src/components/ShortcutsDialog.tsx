import { SHORTCUTS } from "../lib/shortcuts";
import { Dialog } from "./Dialog";
import { ShortcutKeys } from "./ShortcutKeys";
import { Switch } from "./Switch";

interface Props {
  readonly single: boolean;
  readonly onSingle: (single: boolean) => void;
  readonly onClose: () => void;
}

const PEN_KEYS = [
  [["Arrow keys"], "Move the pen by one division"],
  [["Home", "Page Up", "End", "Page Down"], "Move it aslant"],
  [["Shift"], "With these: four divisions"],
  [["Space"], "Put the pen down, lift it"],
  [["Esc"], "Lift it"],
] as const;

/** Every key that does something. */
export function ShortcutsDialog({ single, onSingle, onClose }: Props) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <h3>Everywhere</h3>
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
      <Switch label="Shortcuts of a single key" on={single} onChange={onSingle} />
      <h3>Drawing, when the sheet has the focus</h3>
      <dl className="shortcuts">
        {PEN_KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              <span className="key-caps">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </span>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
