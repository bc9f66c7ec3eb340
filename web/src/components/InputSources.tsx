import type { ChangeEvent, RefObject } from "react";
import type { Mode } from "../lib/drawing";
import { ariaKeyShortcuts } from "../lib/shortcuts";
import { Icon } from "./icons";
import { ShortcutHint } from "./ShortcutKeys";

interface Props {
  readonly mode: Mode;
  readonly hasCamera: boolean;
  readonly onMode: (mode: Mode) => void;
  readonly onFile: (file: File) => void;
  readonly onCamera: () => void;
  readonly fileInput: RefObject<HTMLInputElement | null>;
}

const MODES: readonly [Exclude<Mode, "number">, string][] = [
  ["freehand", "Freehand"],
  ["pixels", "Pixels"],
];

/** Where a digit comes from: one of the drawing modes, a file or the camera. Numbers are always written freehand. */
export function InputSources(props: Props) {
  const { mode, hasCamera, onMode, onFile, onCamera, fileInput } = props;
  const onChange = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file) onFile(file);
    // So that choosing the same file again is a change.
    event.target.value = "";
  };
  return (
    <div className="input-sources">
      {mode !== "number" && (
        <fieldset className="mode-switch">
          <legend className="visually-hidden">Drawing mode</legend>
          {MODES.map(([option, label]) => (
            <label key={option}>
              <input
                type="radio"
                name="mode"
                checked={mode === option}
                onChange={() => onMode(option)}
              />
              <span>{label}</span>
            </label>
          ))}
          <ShortcutHint command="mode" />
        </fieldset>
      )}
      <div className="image-buttons">
        <button
          type="button"
          aria-keyshortcuts={ariaKeyShortcuts("open")}
          onClick={() => fileInput.current?.click()}
        >
          <Icon name="open" />
          <span>Open an image</span>
          <ShortcutHint command="open" />
        </button>
        <input
          ref={fileInput}
          type="file"
          accept="image/*"
          hidden
          aria-label="Image"
          onChange={onChange}
        />
        {hasCamera && (
          <button type="button" onClick={onCamera}>
            <Icon name="camera" />
            <span>Camera</span>
          </button>
        )}
      </div>
    </div>
  );
}
