import { type ReactNode, useCallback } from "react";
import { SectionBoundary } from "../components/ErrorFallbacks";
import { RecentDrawings } from "../components/RecentDrawings";
import { ResultPanel } from "../components/ResultPanel";
import { SampleDigits } from "../components/SampleDigits";
import type { Workspace } from "../hooks/useWorkspace";
import type { RecentDrawing } from "../lib/recentDrawings";

interface Props {
  readonly workspace: Workspace;
  readonly drawingPanel: ReactNode;
  /** Whether an image is dragged over the page. */
  readonly dragging: boolean;
  readonly copied: "copied" | "failed" | null;
  readonly onCopyNumber: () => void;
}

/** On a small screen the drawing area may be out of view when a drawing is opened. */
function showDrawingArea() {
  document.getElementById("drawing")?.scrollIntoView({ block: "nearest" });
}

/** A digit or a number is drawn, and recognized. */
export function DrawView({ workspace, drawingPanel, dragging, copied, onCopyNumber }: Props) {
  const { drawing, digits, isNumber, recents } = workspace;
  const { startFromSample, open } = drawing;
  const onSample = useCallback(
    (digit: number) => {
      startFromSample(digit);
      showDrawingArea();
    },
    [startFromSample],
  );
  const onOpenRecent = useCallback(
    (recent: RecentDrawing) => {
      open(recent.drawing);
      showDrawingArea();
    },
    [open],
  );
  return (
    <>
      <div className="workspace" data-mode={drawing.mode} data-dragging={dragging || undefined}>
        {drawingPanel}
        <ResultPanel workspace={workspace} copied={copied} onCopyNumber={onCopyNumber} />
        {digits && !isNumber && <SampleDigits onSample={onSample} />}
      </div>
      <SectionBoundary name="The list of recent drawings" resetKeys={[recents.recents]}>
        <RecentDrawings
          recents={recents.recents}
          onOpen={onOpenRecent}
          onDelete={recents.remove}
          onDeleteAll={recents.removeAll}
        />
      </SectionBoundary>
    </>
  );
}
