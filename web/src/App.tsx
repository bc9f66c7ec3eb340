import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ErrorBoundary } from "react-error-boundary";
import * as v from "valibot";
import { DrawingTools, type SizeSetting } from "./components/DrawingTools";
import { SectionBoundary } from "./components/ErrorFallbacks";
import { FreehandCanvas } from "./components/FreehandCanvas";
import { Header } from "./components/Header";
import { HowItWorks } from "./components/HowItWorks";
import { InputSources } from "./components/InputSources";
import type { NoticeProps } from "./components/Notice";
import { PixelCanvas } from "./components/PixelCanvas";
import { PredictionControls } from "./components/PredictionControls";
import { type Content, PredictionResult, resultOf } from "./components/PredictionResult";
import { ProbabilityBars } from "./components/ProbabilityBars";
import { RecentDrawings } from "./components/RecentDrawings";
import { ResultAnnouncer } from "./components/ResultAnnouncer";
import { SampleDigits } from "./components/SampleDigits";
import { useDrawing } from "./hooks/useDrawing";
import { useHasCamera } from "./hooks/useHasCamera";
import { useImageDrop } from "./hooks/useImageDrop";
import { useModels, useModelUpdates } from "./hooks/useModels";
import { usePersistentState } from "./hooks/usePersistentState";
import { usePrediction } from "./hooks/usePrediction";
import { useRecentDrawings } from "./hooks/useRecentDrawings";
import { useShortcuts } from "./hooks/useShortcuts";
import { useTheme } from "./hooks/useTheme";
import type { PredictionApi } from "./lib/api/client";
import { type FailureMessage, failureMessage } from "./lib/api/errors";
import { areDigits, classesOf, classesOfPrediction, DIGITS } from "./lib/classes";
import { clamp } from "./lib/geometry";
import { GRID_SIZE } from "./lib/grid";
import { ImageError, loadImage } from "./lib/images";
import type { RecentDrawing } from "./lib/recentDrawings";
import type { Command } from "./lib/shortcuts";
import { CANVAS_SIZE } from "./lib/strokes";

/** The dialogs, loaded when first opened. `lazy` caches a failed load, so a retry needs a new set. */
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

const PEN_WIDTH = { min: 6, max: 36, step: 2, initial: 16 };
const BRUSH_SIZE = { min: 1, max: 4, step: 1, initial: 2 };

const PenWidthSchema = v.pipe(v.number(), v.minValue(PEN_WIDTH.min), v.maxValue(PEN_WIDTH.max));
const BrushSizeSchema = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(BRUSH_SIZE.min),
  v.maxValue(BRUSH_SIZE.max),
);
const SwitchSchema = v.boolean();

/** On a small screen the drawing area may be out of view when a drawing is opened. */
function showDrawingArea() {
  document.getElementById("drawing")?.scrollIntoView({ block: "nearest" });
}

export function App({ api }: { readonly api: PredictionApi }) {
  const drawing = useDrawing();
  const { mode, request, startFromSample, open } = drawing;
  const [erasing, setErasing] = useState(false);
  const [penWidth, setPenWidth] = usePersistentState(
    "local",
    "pen-width",
    PenWidthSchema,
    PEN_WIDTH.initial,
  );
  const [brush, setBrush] = usePersistentState(
    "local",
    "brush-size",
    BrushSizeSchema,
    BRUSH_SIZE.initial,
  );
  const [live, setLive] = usePersistentState("local", "live", SwitchSchema, true);
  const [singleKeys, setSingleKeys] = usePersistentState(
    "local",
    "single-keys",
    SwitchSchema,
    true,
  );
  const [theme, setTheme] = useTheme();
  const [dialog, setDialog] = useState<"none" | "camera" | "shortcuts">("none");
  const [{ CameraDialog, ShortcutsDialog }, setDialogs] = useState(lazyDialogs);
  const [localFailure, setLocalFailure] = useState<FailureMessage | null>(null);
  const [announcement, announce] = useState("");
  const fileInput = useRef<HTMLInputElement>(null);
  const hasCamera = useHasCamera();

  const models = useModels(api);
  const predictionState = usePrediction(api, request, models.requested, live);
  useModelUpdates(models, predictionState);
  const { prediction, stale, failure } = predictionState;
  const busy = request?.inProgress ?? false;
  const { recents, remove, removeAll } = useRecentDrawings(drawing.drawing, busy, predictionState);

  const openFile = async (file: File | Blob, fallbackName?: string) => {
    setDialog("none");
    try {
      drawing.openImage(await loadImage(file, fallbackName));
      setLocalFailure(null);
    } catch (error) {
      const { reason, action } =
        error instanceof ImageError
          ? error
          : { reason: "This image could not be opened.", action: "Choose another image." };
      setLocalFailure({ reason, action });
    }
  };
  const dragging = useImageDrop(openFile);

  const size: SizeSetting =
    mode === "freehand"
      ? { label: "Pen width", value: penWidth, ...PEN_WIDTH, fraction: penWidth / CANVAS_SIZE }
      : { label: "Brush size", value: brush, ...BRUSH_SIZE, fraction: brush / GRID_SIZE };
  const setSize = (value: number) =>
    (mode === "freehand" ? setPenWidth : setBrush)(clamp(value, size.min, size.max));

  const runCommand = (command: Command) => {
    switch (command) {
      case "pen":
      case "eraser":
        return setErasing(command === "eraser");
      case "thinner":
        return setSize(size.value - size.step);
      case "thicker":
        return setSize(size.value + size.step);
      case "undo":
        return drawing.undo();
      case "redo":
        return drawing.redo();
      case "clear":
        return drawing.clear();
      case "predict":
        return predictionState.predict();
      case "open":
        return fileInput.current?.click();
      case "mode":
        return drawing.setMode(mode === "freehand" ? "pixels" : "freehand");
      case "help":
        return setDialog("shortcuts");
    }
  };
  useShortcuts(runCommand, singleKeys);

  const onDialogError = () => {
    setDialog("none");
    setDialogs(lazyDialogs);
    setLocalFailure({
      reason: "This window could not be opened.",
      action: "Try again in a moment.",
    });
  };
  const closeDialog = useCallback(() => setDialog("none"), []);
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

  const model = models.current;
  const modelClasses = useMemo(() => (model ? classesOf(model) : DIGITS), [model]);
  const classes = useMemo(
    () => (prediction ? classesOfPrediction(prediction, models.list?.models ?? []) : modelClasses),
    [prediction, models.list, modelClasses],
  );
  const digits = areDigits(modelClasses);
  const isImage = drawing.drawing.mode === "freehand" && drawing.drawing.image !== null;
  const content: Content = request === null ? "nothing" : isImage ? "image" : "drawing";
  const result = resultOf(content, prediction, classes);
  const outdated = prediction !== undefined && stale && !live && !predictionState.loading;
  // A failure of the page itself is shown until the drawing changes.
  const current = drawing.drawing;
  useEffect(() => {
    if (current) setLocalFailure(null);
  }, [current]);
  const notice: NoticeProps | null = localFailure
    ? { ...localFailure, retrying: false, retry_at_ms: null }
    : failure && {
        ...failureMessage(failure),
        retrying: predictionState.retrying,
        retry_at_ms: predictionState.retry_at_ms,
      };
  const shown = request && prediction?.reason !== "blank" ? prediction : undefined;

  return (
    <>
      <a className="skip-link" href="#drawing">
        Skip to the drawing area
      </a>
      <Header theme={theme} onTheme={setTheme} onKeyboardHelp={() => setDialog("shortcuts")} />
      <main>
        <div className="workspace" data-dragging={dragging || undefined}>
          <section className="drawing-panel" id="drawing" aria-label="Drawing">
            <InputSources
              mode={mode}
              hasCamera={hasCamera}
              onMode={drawing.setMode}
              onFile={openFile}
              onCamera={() => setDialog("camera")}
              fileInput={fileInput}
            />
            <SectionBoundary name="The drawing area" resetKeys={[current]}>
              {mode === "freehand" ? (
                <FreehandCanvas
                  drawing={drawing.freehand.present}
                  placeholder={digits ? "Draw a digit here" : "Draw here"}
                  erasing={erasing}
                  width={penWidth}
                  update={drawing.freehand.update}
                  onDraft={drawing.setDraft}
                  announce={announce}
                />
              ) : (
                <PixelCanvas
                  drawing={drawing.pixels.present}
                  erasing={erasing}
                  brush={brush}
                  update={drawing.pixels.update}
                  onPainting={drawing.setPainting}
                  announce={announce}
                />
              )}
            </SectionBoundary>
            <p id="drawing-area-help" className="drawing-area-help">
              On the keyboard: arrow keys move the pen, Space lowers and lifts it.
            </p>
            <p className="visually-hidden" role="status" aria-live="polite">
              {announcement}
            </p>
            <DrawingTools
              erasing={erasing}
              size={size}
              canUndo={drawing.canUndo}
              canRedo={drawing.canRedo}
              canClear={request !== null}
              onCommand={runCommand}
              onSize={setSize}
            />
          </section>

          <section className="result-panel" aria-label="Result">
            <SectionBoundary name="The result" resetKeys={[prediction, request, models.list]}>
              <PredictionResult
                result={result}
                classes={classes}
                stale={stale}
                outdated={outdated}
                live={live}
                seen={shown?.seen ?? null}
                notice={notice}
              />
              <ProbabilityBars
                classes={classes}
                probabilities={shown?.probabilities}
                label={result.kind === "answer" && !outdated ? result.label : null}
              />
              <PredictionControls
                live={live}
                canPredict={request !== null}
                loading={predictionState.loading}
                prediction={shown}
                onLive={setLive}
                onPredict={predictionState.predict}
                models={models.list}
                invalidModels={models.invalid}
                model={models.name}
                onModel={models.choose}
              />
              <ResultAnnouncer
                result={result}
                classes={classes}
                outdated={outdated}
                settled={(!stale || outdated) && !busy && !failure}
              />
            </SectionBoundary>
          </section>
          {digits && <SampleDigits onSample={onSample} />}
        </div>

        <SectionBoundary name="The list of recent drawings" resetKeys={[recents]}>
          <RecentDrawings
            recents={recents}
            onOpen={onOpenRecent}
            onDelete={remove}
            onDeleteAll={removeAll}
          />
        </SectionBoundary>
        <SectionBoundary name="How it works" resetKeys={[model]}>
          <HowItWorks api={api} model={model} />
        </SectionBoundary>
      </main>
      <ErrorBoundary fallback={null} resetKeys={[dialog]} onError={onDialogError}>
        <Suspense>
          {dialog === "camera" && (
            <CameraDialog
              digits={digits}
              onPhoto={(photo) => openFile(photo, "Photo")}
              onClose={closeDialog}
            />
          )}
          {dialog === "shortcuts" && (
            <ShortcutsDialog
              singleKeys={singleKeys}
              onSingleKeys={setSingleKeys}
              onClose={closeDialog}
            />
          )}
        </Suspense>
      </ErrorBoundary>
    </>
  );
}
