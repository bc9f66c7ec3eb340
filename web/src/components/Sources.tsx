import type { ChangeEvent, RefObject } from "react";
import type { Mode } from "../hooks/useDrawing";
import { ariaKeys } from "../lib/keys";
import { Icon } from "./icons";
import { Hint } from "./Keys";

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
    <div className="sources">
      <fieldset className="modes">
        <legend className="unseen">Draw on</legend>
        {MODES.map(([one, label]) => (
          <label key={one}>
            <input type="radio" name="mode" checked={mode === one} onChange={() => onMode(one)} />
            <span>{label}</span>
          </label>
        ))}
        <Hint command="mode" />
      </fieldset>
      <div className="sources-files">
        <button
          type="button"
          aria-keyshortcuts={ariaKeys("open")}
          onClick={() => picker.current?.click()}
        >
          <Icon name="open" />
          <span>Open a picture</span>
          <Hint command="open" />
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
