import type { RefObject } from "react";
import { useHasCamera } from "../hooks/useHasCamera";
import type { Workspace } from "../hooks/useWorkspace";
import type { Command } from "../lib/shortcuts";
import { DigitStrip } from "./DigitStrip";
import { DrawingTools } from "./DrawingTools";
import { SectionBoundary } from "./ErrorFallbacks";
import { InputSources } from "./InputSources";
import { Sheet } from "./Sheet";

interface Props {
  readonly workspace: Workspace;
  readonly fileInput: RefObject<HTMLInputElement | null>;
  readonly onFile: (file: File) => void;
  readonly onCamera: () => void;
  readonly onCommand: (command: Command) => void;
  readonly announce: (text: string) => void;
}

/** The drawing area with everything that draws on it. */
export function DrawingPanel(props: Props) {
  const { workspace, fileInput, onFile, onCamera, onCommand, announce } = props;
  const { drawing, number, settings, erasing, digits } = workspace;
  const hasCamera = useHasCamera();
  return (
    <section className="drawing-panel" id="drawing" aria-label="Drawing" tabIndex={-1}>
      <InputSources
        mode={drawing.mode}
        hasCamera={hasCamera}
        onMode={drawing.setMode}
        onFile={onFile}
        onCamera={onCamera}
        fileInput={fileInput}
      />
      <SectionBoundary name="The drawing area" resetKeys={[drawing.drawing]}>
        <Sheet
          drawing={drawing}
          number={number}
          placeholder={digits ? "Draw a digit here" : "Draw here"}
          erasing={erasing}
          penWidth={settings.penWidth}
          brush={settings.brush}
          announce={announce}
        />
      </SectionBoundary>
      <p id="drawing-area-help" className="drawing-area-help">
        On the keyboard: arrow keys move the pen, Space lowers and lifts it.
      </p>
      {drawing.mode === "number" && (
        <DigitStrip
          shown={number.shown}
          selected={number.selected}
          muted={workspace.numberResult.kind === "rejected" || workspace.outdated}
          onSelect={number.select}
          onCorrect={number.correct}
          onUncorrect={number.uncorrect}
        />
      )}
      <DrawingTools
        erasing={erasing}
        size={settings.size}
        canUndo={drawing.canUndo}
        canRedo={drawing.canRedo}
        canClear={workspace.request !== null}
        onCommand={onCommand}
        onSize={settings.setSize}
      />
    </section>
  );
}
