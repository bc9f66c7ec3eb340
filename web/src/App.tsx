import { useCallback, useRef, useState } from "react";
import { type DialogName, Dialogs } from "./components/Dialogs";
import { DrawingPanel } from "./components/DrawingPanel";
import { Header } from "./components/Header";
import { LinkMessage } from "./components/LinkMessage";
import { Notice } from "./components/Notice";
import { SkipLink } from "./components/SkipLink";
import { WorkspaceControls } from "./components/WorkspaceControls";
import { useAddress, useLastAddresses } from "./hooks/useAddress";
import { useCopy } from "./hooks/useCopy";
import { useImageDrop } from "./hooks/useImageDrop";
import { useLink } from "./hooks/useLink";
import { useShortcuts } from "./hooks/useShortcuts";
import { useTheme } from "./hooks/useTheme";
import { useViewChange } from "./hooks/useViewChange";
import { isDrawnIn, useWorkspace } from "./hooks/useWorkspace";
import { VIEW_TITLES, type View } from "./lib/address";
import type { PredictionApi } from "./lib/api/client";
import { type Command, needsDrawing } from "./lib/shortcuts";
import { DrawView } from "./views/DrawView";
import { LazyView } from "./views/LazyView";

export function App({ api }: { readonly api: PredictionApi }) {
  const [address, navigate] = useAddress();
  const { view } = address;
  const workspace = useWorkspace(api, address, navigate);
  const { drawing, settings, digits, isNumber, numberResult } = workspace;
  const { mode } = drawing;
  const { size } = settings;
  const [theme, setTheme] = useTheme();
  const [dialog, setDialog] = useState<DialogName>("none");
  const [announced, announce] = useState("");
  const fileInput = useRef<HTMLInputElement>(null);
  const { outcome: copied, copy } = useCopy();
  useViewChange(view, announce);
  const link = useLink(workspace, address, navigate, announce);

  const openFile = (file: File | Blob, fallbackName?: string) => {
    setDialog("none");
    return workspace.openFile(file, fallbackName);
  };
  const dragging = useImageDrop(openFile);

  const copyNumber = async () => {
    if (numberResult.kind !== "answer" && numberResult.kind !== "edited") return;
    const { text } = numberResult;
    announce((await copy(text)) ? `Copied ${text}` : "The browser did not allow copying.");
  };
  const lastAddress = useLastAddresses(address);
  const show = (view: View) => navigate(lastAddress(view));

  const runCommand = (command: Command) => {
    switch (command) {
      case "pen":
      case "eraser":
        return workspace.setErasing(command === "eraser");
      case "thinner":
        return settings.setSize(size.value - size.step);
      case "thicker":
        return settings.setSize(size.value + size.step);
      case "undo":
        return drawing.undo();
      case "redo":
        return drawing.redo();
      case "clear":
        return drawing.clear();
      case "predict":
        return workspace.state.predict();
      case "open":
        return fileInput.current?.click();
      case "mode":
        return isNumber ? undefined : drawing.setMode(mode === "freehand" ? "pixels" : "freehand");
      case "copy":
        return void copyNumber();
      case "link":
        return void link.copyLink();
      case "help":
        return setDialog("shortcuts");
      default:
        if (view === command || (command === "number" && !digits)) return undefined;
        return show(command);
    }
  };
  const isDrawn = isDrawnIn(view);
  const isAnswered = view === "draw" || view === "number";
  useShortcuts(runCommand, settings.singleKeys, (command) => isDrawn || !needsDrawing(command));

  const closeDialog = useCallback(() => setDialog("none"), []);
  const drawingPanel = (
    <DrawingPanel
      workspace={workspace}
      fileInput={fileInput}
      onFile={openFile}
      onCamera={() => setDialog("camera")}
      onCommand={runCommand}
      announce={announce}
    />
  );
  return (
    <>
      {isDrawn && <SkipLink target="drawing">Skip to the drawing area</SkipLink>}
      {isAnswered ? (
        <SkipLink target="result">Skip to the result</SkipLink>
      ) : (
        <SkipLink target="view-title">Skip to the content</SkipLink>
      )}
      <Header
        view={view}
        numbers={digits}
        addressOf={lastAddress}
        copied={link.copied}
        onCopyLink={link.copyLink}
        theme={theme}
        onTheme={setTheme}
        onKeyboardHelp={() => setDialog("shortcuts")}
      />
      <main>
        <h2 id="view-title" className={isAnswered ? "visually-hidden" : "view-title"} tabIndex={-1}>
          {VIEW_TITLES[view]}
        </h2>
        <p className="visually-hidden" role="status" aria-live="polite">
          {announced}
        </p>
        {link.message && (
          <LinkMessage {...link.message} onUndo={drawing.undo} onClose={link.closeMessage} />
        )}
        {!isAnswered && view !== "inside" && workspace.localFailure && (
          <Notice {...workspace.localFailure} retrying={false} retry_at_ms={null} />
        )}
        {view === "draw" || view === "number" ? (
          <DrawView
            workspace={workspace}
            drawingPanel={drawingPanel}
            dragging={dragging}
            copied={copied}
            onCopyNumber={copyNumber}
          />
        ) : (
          <LazyView
            view={view}
            api={api}
            models={workspace.models}
            model={workspace.model}
            request={drawing.digitRequest}
            controls={<WorkspaceControls workspace={workspace} />}
            digit={workspace.digit}
            notice={workspace.notice}
            drawingPanel={drawingPanel}
            address={address}
            navigate={navigate}
          />
        )}
      </main>
      <Dialogs
        dialog={dialog}
        subject={isNumber ? "number" : digits ? "digit" : "drawing"}
        singleKeys={settings.singleKeys}
        onSingleKeys={settings.setSingleKeys}
        onPhoto={(photo) => openFile(photo, "Photo")}
        onClose={closeDialog}
        onError={() => {
          setDialog("none");
          workspace.setLocalFailure({
            reason: "This window could not be opened.",
            action: "Try again in a moment.",
          });
        }}
      />
    </>
  );
}
