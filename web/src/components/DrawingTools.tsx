import { ariaKeyShortcuts, type Command } from "../lib/shortcuts";
import { Icon, type IconName } from "./icons";
import { ShortcutHint } from "./ShortcutKeys";
import "../styles/drawing-tools.css";

export interface SizeSetting {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The size as a fraction of the side of the drawing area. */
  readonly fraction: number;
}

interface Props {
  readonly erasing: boolean;
  readonly size: SizeSetting;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly canClear: boolean;
  readonly onCommand: (command: Command) => void;
  readonly onSize: (value: number) => void;
}

/** Pen, eraser, size, undo, redo and clear. */
export function DrawingTools(props: Props) {
  const { erasing, size, canUndo, canRedo, canClear, onCommand, onSize } = props;
  const tool = (command: Command & IconName, label: string, rest: Partial<ToolProps> = {}) => (
    <Tool command={command} label={label} onCommand={onCommand} {...rest} />
  );
  return (
    <fieldset className="drawing-tools">
      <legend className="visually-hidden">Tools</legend>
      {tool("pen", "Pen", { pressed: !erasing })}
      {tool("eraser", "Eraser", { pressed: erasing })}
      <label className="size-slider">
        <span className="size-label">{size.label}</span>
        <svg className="size-preview" viewBox="0 0 40 40" aria-hidden="true" focusable="false">
          <circle cx="20" cy="20" r={size.fraction * 140} />
        </svg>
        <input
          type="range"
          min={size.min}
          max={size.max}
          step={size.step}
          value={size.value}
          aria-keyshortcuts="[ ]"
          onChange={(event) => onSize(event.target.valueAsNumber)}
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
      // Not `disabled`: a focused button would lose the focus.
      aria-disabled={disabled || undefined}
      aria-keyshortcuts={ariaKeyShortcuts(command)}
      onClick={() => !disabled && onCommand(command)}
    >
      <Icon name={command} />
      <span>{label}</span>
      <ShortcutHint command={command} />
    </button>
  );
}
