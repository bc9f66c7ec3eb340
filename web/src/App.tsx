import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { ErrorBoundary } from "react-error-boundary";
import * as v from "valibot";
import { DrawingTools, type Range } from "./components/DrawingTools";
import { SectionBoundary } from "./components/ErrorFallbacks";
import { FreehandCanvas } from "./components/FreehandCanvas";
import { Header } from "./components/Header";
import { HowItWorks } from "./components/HowItWorks";
import { Sources } from "./components/InputSources";
import type { NoticeProps } from "./components/Notice";
import { PixelCanvas } from "./components/PixelCanvas";
import { PredictionControls } from "./components/PredictionControls";
import { PredictionResult, resultState } from "./components/PredictionResult";
import { ProbabilityBars } from "./components/ProbabilityBars";
import { RecentDrawings } from "./components/RecentDrawings";
import { ResultAnnouncer } from "./components/ResultAnnouncer";
import { SampleDigits } from "./components/SampleDigits";
import { useDrawing } from "./hooks/useDrawing";
import { useHasCamera } from "./hooks/useHasCamera";
import { useImageDrop } from "./hooks/useImageDrop";
import { usePersistentState } from "./hooks/usePersistentState";
import { usePrediction } from "./hooks/usePrediction";
import { useRecentDrawings } from "./hooks/useRecentDrawings";
import { useShortcuts } from "./hooks/useShortcuts";
import { useTheme } from "./hooks/useTheme";
import type { Service } from "./lib/api/client";
import { ApiError, failureMessage } from "./lib/api/errors";
import { clamp } from "./lib/geometry";
import { SIDE } from "./lib/grid";
import { ImageError, loadImage } from "./lib/images";
import type { Command } from "./lib/shortcuts";
import { CANVAS_SIZE } from "./lib/strokes";

/** The dialogs, loaded when they are first opened. A new set loads anew what could not be loaded. */
function lazyDialogs() {
  return {
    CameraDialog: lazy(() =>
      import("./components/CameraDialog").then((module) => ({ default: module.CameraDialog })),
    ),
    ShortcutsDialog: lazy(() =>
      import("./components/ShortcutsDialog").then((module) => ({
        default: module.ShortcutsDialog,
      })),
    ),
  };
}

const PEN = { least: 6, most: 36, step: 2, usual: 16 };
const BRUSH = { least: 1, most: 4, step: 1, usual: 2 };

/** On a small screen what was put on the table may lie out of sight. */
function showBoard() {
  document.getElementById("board")?.scrollIntoView({ block: "nearest" });
}

const PenWidthSchema = v.pipe(v.number(), v.minValue(PEN.least), v.maxValue(PEN.most));
const BrushSizeSchema = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(BRUSH.least),
  v.maxValue(BRUSH.most),
);
const SwitchSchema = v.boolean();

export function App({ api }: { readonly api: Service }) {
  const drawing = useDrawing();
  const { mode, question } = drawing;
  const [erasing, setRubber] = useState(false);
  const [pen, setPen] = usePersistentState("local", "pen", PenWidthSchema, PEN.usual);
  const [brush, setBrush] = usePersistentState("local", "brush", BrushSizeSchema, BRUSH.usual);
  const [live, setLive] = usePersistentState("local", "live", SwitchSchema, true);
  const [single, setSingle] = usePersistentState("local", "single-keys", SwitchSchema, true);
  const [theme, setTheme] = useTheme();
  const [dialog, setDialog] = useState<"none" | "camera" | "keyboard">("none");
  const [{ CameraDialog, ShortcutsDialog }, setDialogs] = useState(lazyDialogs);
  const [model, setModel] = useState<string | null>(null);
  const [refused, setRefused] = useState<ImageError | null>(null);
  const [said, say] = useState("");
  const picker = useRef<HTMLInputElement>(null);
  const camera = useHasCamera();

  const reading = usePrediction(api, question, model, live);
  const { prediction, stale, failure } = reading;
  const busy = question?.moving ?? false;
  const { recents, remove, removeAll } = useRecentDrawings(
    drawing.id,
    drawing.drawn,
    busy,
    reading,
  );

  const models = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => api.models(signal),
    networkMode: "always",
    staleTime: 60_000,
    retry: true,
    retryDelay: (failures) => Math.min(15_000, 1000 * 2 ** failures),
  });
  const named = model ?? models.data?.default;
  const current = models.data?.models.find(({ name }) => name === named);

  const take = async (file: File | Blob, name?: string) => {
    setDialog("none");
    try {
      drawing.lay(await loadImage(file, name));
      setRefused(null);
    } catch (error) {
      setRefused(
        error instanceof ImageError
          ? error
          : new ImageError("This picture could not be opened.", "Choose another picture."),
      );
    }
  };
  const over = useImageDrop(take);

  const range: Range =
    mode === "sheet"
      ? { label: "Width", value: pen, ...PEN, share: pen / CANVAS_SIZE }
      : { label: "Cells", value: brush, ...BRUSH, share: brush / SIDE };
  const setWidth = (value: number) =>
    (mode === "sheet" ? setPen : setBrush)(clamp(value, range.least, range.most));

  const runCommand = (command: Command) => {
    switch (command) {
      case "pen":
      case "eraser":
        return setRubber(command === "eraser");
      case "thinner":
        return setWidth(range.value - range.step);
      case "thicker":
        return setWidth(range.value + range.step);
      case "undo":
        return drawing.undo();
      case "redo":
        return drawing.redo();
      case "clear":
        return drawing.clear();
      case "predict":
        return reading.predict();
      case "open":
        return picker.current?.click();
      case "mode":
        return drawing.setMode(mode === "sheet" ? "pixels" : "sheet");
      case "help":
        return setDialog("keyboard");
    }
  };
  useShortcuts(runCommand, single);

  const onDialogError = () => {
    setDialog("none");
    setDialogs(lazyDialogs);
    setRefused(new ImageError("This window could not be opened.", "Try again in a moment."));
  };
  const closeDialog = useCallback(() => setDialog("none"), []);
  const starts = useRef(drawing.start);
  starts.current = drawing.start;
  const onSample = useCallback((digit: number) => {
    starts.current(digit);
    showBoard();
  }, []);
  const opens = useRef(drawing.open);
  opens.current = drawing.open;
  const onOpen = useCallback((recent: (typeof recents)[number]) => {
    opens.current(recent.drawn);
    showBoard();
  }, []);

  const state = resultState(question !== null, reading);
  // What was said of a file holds until something else is on the table.
  const onTable = drawing.sheet.present;
  useEffect(() => {
    if (onTable || mode) setRefused(null);
  }, [onTable, mode]);
  const notice: NoticeProps | null = refused
    ? { kind: "file", cause: refused.wrong, action: refused.action, again: false, again_ms: null }
    : failure && {
        kind: failure.kind,
        ...failureMessage(failure),
        again: reading.again,
        again_ms: reading.again_ms,
      };
  const shown = question && prediction?.reason !== "blank" ? prediction : undefined;

  return (
    <>
      <a className="skip-link" href="#board">
        To the sheet
      </a>
      <Header theme={theme} onTheme={setTheme} onHelp={() => setDialog("keyboard")} />
      <main>
        <div className="workspace" data-dragging={over || undefined}>
          <section className="drawing-panel" id="board" aria-label="Drawing">
            <Sources
              mode={mode}
              camera={camera}
              onMode={drawing.setMode}
              onFile={take}
              onCamera={() => setDialog("camera")}
              openPicker={picker}
            />
            <SectionBoundary
              what="The sheet"
              basedOn={[mode, drawing.sheet.present, drawing.pixels.present]}
            >
              {mode === "sheet" ? (
                <FreehandCanvas
                  sheet={drawing.sheet.present}
                  erasing={erasing}
                  width={pen}
                  advance={drawing.sheet.advance}
                  onDraft={drawing.setDraft}
                  say={say}
                />
              ) : (
                <PixelCanvas
                  pixels={drawing.pixels.present}
                  erasing={erasing}
                  brush={brush}
                  advance={drawing.pixels.advance}
                  onMoving={drawing.setMoving}
                  say={say}
                />
              )}
            </SectionBoundary>
            <p id="board-keys" className="drawing-area-help">
              With the keyboard: arrow keys move the pen, Space puts it down and lifts it.
            </p>
            <p className="visually-hidden" role="status" aria-live="polite">
              {said}
            </p>
            <DrawingTools
              erasing={erasing}
              brush={range}
              canUndo={drawing.canUndo}
              canRedo={drawing.canRedo}
              canClear={question !== null}
              onCommand={runCommand}
              onBrush={setWidth}
            />
          </section>

          <section className="result-panel" aria-label="Reading">
            <SectionBoundary what="The answer" basedOn={[prediction, question, models.data]}>
              <PredictionResult
                state={state}
                stale={stale}
                live={live}
                seen={shown?.seen ?? null}
                notice={notice}
              />
              <ProbabilityBars
                probabilities={shown?.probabilities}
                digit={state.kind === "digit" ? state.digit : null}
              />
              <PredictionControls
                live={live}
                canPredict={question !== null}
                reading={reading.reading}
                prediction={shown}
                onLive={setLive}
                onPredict={reading.predict}
                models={models.data}
                strange={
                  models.failureReason instanceof ApiError &&
                  models.failureReason.failure.kind === "strange"
                }
                model={named}
                onModel={setModel}
              />
              <ResultAnnouncer state={state} settled={!stale && !busy && !failure} />
            </SectionBoundary>
          </section>
          <SampleDigits onSample={onSample} />
        </div>

        <SectionBoundary what="The last drawings" basedOn={[recents]}>
          <RecentDrawings
            recents={recents}
            onOpen={onOpen}
            onDelete={remove}
            onDeleteAll={removeAll}
          />
        </SectionBoundary>
        <SectionBoundary what="How it works" basedOn={[current]}>
          <HowItWorks api={api} model={current} />
        </SectionBoundary>
      </main>
      <ErrorBoundary fallback={null} resetKeys={[dialog]} onError={onDialogError}>
        <Suspense>
          {dialog === "camera" && (
            <CameraDialog onPicture={(blob) => take(blob, "Photograph")} onClose={closeDialog} />
          )}
          {dialog === "keyboard" && (
            <ShortcutsDialog single={single} onSingle={setSingle} onClose={closeDialog} />
          )}
        </Suspense>
      </ErrorBoundary>
    </>
  );
}
