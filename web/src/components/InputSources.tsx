import type { ChangeEvent, RefObject } from "react";
import type { Mode } from "../hooks/useDrawing";
import { ariaKeys } from "../lib/shortcuts";
import { Icon } from "./icons";
import { ShortcutHint } from "./ShortcutKeys";

interface Props {
  readonly mode: Mode;
  readonly camera: boolean;
  readonly onMode: (mode: Mode) => void;
  readonly onFile: (file: File) => void;
  readonly onCamera: () => void;
  readonly openPicker: RefObject<HTMLInputElement | null>;
}

const MODES: readonly [Mode, string][] = [
  ["sheet", "Sheet"],
  ["pixels", "Pixels"],
];

/** Where a digit comes from: the sheet, the grid of pixels, a file or the camera. */
export function Sources({ mode, camera, onMode, onFile, onCamera, openPicker }: Props) {
  const picker = openPicker;
  const onChange = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file) onFile(file);
    event.target.value = "";
  };
  return (
    <div className="input-sources">
      <fieldset className="mode-switch">
        <legend className="visually-hidden">Draw on</legend>
        {MODES.map(([one, label]) => (
          <label key={one}>
            <input type="radio" name="mode" checked={mode === one} onChange={() => onMode(one)} />
            <span>{label}</span>
          </label>
        ))}
        <ShortcutHint command="mode" />
      </fieldset>
      <div className="image-buttons">
        <button
          type="button"
          aria-keyshortcuts={ariaKeys("open")}
          onClick={() => picker.current?.click()}
        >
          <Icon name="open" />
          <span>Open a picture</span>
          <ShortcutHint command="open" />
        </button>
        {/* The button above opens it. */}
        <input
          ref={picker}
          type="file"
          accept="image/*"
          hidden
          aria-label="Picture"
          onChange={onChange}
        />
        {camera && (
          <button type="button" onClick={onCamera}>
            <Icon name="camera" />
            <span>Camera</span>
          </button>
        )}
      </div>
    </div>
  );
}
