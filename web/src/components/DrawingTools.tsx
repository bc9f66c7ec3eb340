import { ariaKeys, type Command } from "../lib/shortcuts";
import { Icon, type IconName } from "./icons";
import { ShortcutHint } from "./ShortcutKeys";
import "../styles/drawing-tools.css";

export interface Range {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** The width of the pen's mark, as a share of the sheet. */
  readonly share: number;
}

interface Props {
  readonly erasing: boolean;
  readonly brush: Range;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly canClear: boolean;
  readonly onCommand: (command: Command) => void;
  readonly onBrush: (value: number) => void;
}

/** Pen, eraser, brush, and the ways back. */
export function DrawingTools({
  erasing,
  brush,
  canUndo,
  canRedo,
  canClear,
  onCommand,
  onBrush,
}: Props) {
  const tool = (command: Command & IconName, label: string, rest: Partial<ToolProps> = {}) => (
    <Tool command={command} label={label} onCommand={onCommand} {...rest} />
  );
  return (
    <fieldset className="drawing-tools">
      <legend className="visually-hidden">DrawingTools</legend>
      {tool("pen", "Pen", { pressed: !erasing })}
      {tool("eraser", "Eraser", { pressed: erasing })}
      <label className="size-slider">
        <span className="size-label">{brush.label}</span>
        <svg className="size-preview" viewBox="0 0 40 40" aria-hidden="true" focusable="false">
          <circle cx="20" cy="20" r={brush.share * 140} />
        </svg>
        <input
          type="range"
          min={brush.least}
          max={brush.most}
          step={brush.step}
          value={brush.value}
          aria-keyshortcuts="[ ]"
          onChange={(event) => onBrush(event.target.valueAsNumber)}
        />
        <span className="shortcut-hint" aria-hidden="true">
          <kbd>[</kbd> <kbd>]</kbd>
        </span>
      </label>
      {tool("undo", "Undo", { disabled: !canUndo })}
      {tool("redo", "Redo", { disabled: !canRedo })}
      {tool("clear", "Clear", { disabled: !canClear })}
    </fieldset>
  );
}

interface ToolProps {
  readonly command: Command & IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly onCommand: (command: Command) => void;
}

function Tool({ command, label, pressed, disabled, onCommand }: ToolProps) {
  return (
    <button
      type="button"
      className="tool"
      aria-pressed={pressed}
      // Not `disabled`: whoever stands on the button with the keyboard would lose the place.
      aria-disabled={disabled || undefined}
      aria-keyshortcuts={ariaKeys(command)}
      onClick={() => !disabled && onCommand(command)}
    >
      <Icon name={command} />
      <span>{label}</span>
      <ShortcutHint command={command} />
    </button>
  );
}
