import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type DialogName, Dialogs } from "./components/Dialogs";
import { DigitStrip } from "./components/DigitStrip";
import { DrawingTools } from "./components/DrawingTools";
import { SectionBoundary } from "./components/ErrorFallbacks";
import { Header } from "./components/Header";
import { HowItWorks } from "./components/HowItWorks";
import { InputSources } from "./components/InputSources";
import type { NoticeProps } from "./components/Notice";
import { NumberPanel } from "./components/NumberPanel";
import { PredictionControls } from "./components/PredictionControls";
import { PredictionResult, resultOf } from "./components/PredictionResult";
import { ProbabilityBars } from "./components/ProbabilityBars";
import { RecentDrawings } from "./components/RecentDrawings";
import { announcement, ResultAnnouncer } from "./components/ResultAnnouncer";
import { SampleDigits } from "./components/SampleDigits";
import { Sheet } from "./components/Sheet";
import { useCopy } from "./hooks/useCopy";
import { useDrawing } from "./hooks/useDrawing";
import { useHasCamera } from "./hooks/useHasCamera";
import { useImageDrop } from "./hooks/useImageDrop";
import { useModels, useModelUpdates } from "./hooks/useModels";
import { useNumber } from "./hooks/useNumber";
import { usePrediction } from "./hooks/usePrediction";
import { useRecentDrawings } from "./hooks/useRecentDrawings";
import { useSettings } from "./hooks/useSettings";
import { useShortcuts } from "./hooks/useShortcuts";
import { useTheme } from "./hooks/useTheme";
import type { PredictionApi, PredictionBody } from "./lib/api/client";
import { type FailureMessage, failureMessage } from "./lib/api/errors";
import { areDigits, classesOf, classesOfPrediction, DIGITS } from "./lib/classes";
import { summarize } from "./lib/constraints";
import type { Content } from "./lib/drawing";
import { ImageError, loadImage } from "./lib/images";
import { type ShownNumber, withSeparators } from "./lib/numbers";
import { numberAnnouncement, numberResult, numberText } from "./lib/numberText";
import type { RecentDrawing } from "./lib/recentDrawings";
import type { Command } from "./lib/shortcuts";

/** On a small screen the drawing area may be out of view when a drawing is opened. */
function showDrawingArea() {
  document.getElementById("drawing")?.scrollIntoView({ block: "nearest" });
}

export function App({ api }: { readonly api: PredictionApi }) {
  const drawing = useDrawing();
  const { mode, digitMode, digitRequest, numberRequest, startFromSample, open } = drawing;
  const isNumber = mode === "number";
  const settings = useSettings(mode);
  const { live, size, setSize, keepSeparators } = settings;
  const [erasing, setErasing] = useState(false);
  const [theme, setTheme] = useTheme();
  const [dialog, setDialog] = useState<DialogName>("none");
  const [localFailure, setLocalFailure] = useState<FailureMessage | null>(null);
  const [announced, announce] = useState("");
  const fileInput = useRef<HTMLInputElement>(null);
  const hasCamera = useHasCamera();
  const { outcome: copied, copy } = useCopy();

  const models = useModels(api);
  const { requested } = models;
  const digit = usePrediction(
    (body: PredictionBody, model, signal) => api.predict(body, model, signal),
    digitRequest,
    requested,
    live,
  );
  const { present: numberDrawing, update: updateNumber } = drawing.number;
  const number = useNumber(api, numberDrawing, updateNumber, numberRequest, requested, live);
  const state = isNumber ? number : digit;
  useModelUpdates(models, state);
  const { prediction } = digit;
  const request = digitRequest ?? numberRequest;
  const busy = request?.inProgress ?? false;
  const { recents, remove, removeAll } = useRecentDrawings(drawing.digitDrawing, busy, digit);

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

  const model = models.current;
  const modelClasses = useMemo(() => (model ? classesOf(model) : DIGITS), [model]);
  const classes = useMemo(
    () => (prediction ? classesOfPrediction(prediction, models.list?.models ?? []) : modelClasses),
    [prediction, models.list, modelClasses],
  );
  const digits = areDigits(modelClasses);

  // A failure of the page itself is shown until the drawing changes.
  const current = drawing.drawing;
  useEffect(() => {
    if (current) setLocalFailure(null);
  }, [current]);
  const { failure } = state;
  const notice: NoticeProps | null = localFailure
    ? { ...localFailure, retrying: false, retry_at_ms: null }
    : failure && {
        ...failureMessage(failure),
        retrying: state.retrying,
        retry_at_ms: state.retry_at_ms,
      };
  const outdated = state.prediction !== undefined && state.stale && !live && !state.loading;
  const settled = (!state.stale || outdated) && !busy && !failure;

  const isImage = current.mode !== "pixels" && current.image !== null;
  const content: Content = !request ? "nothing" : isImage ? "image" : "drawing";
  const result = resultOf(content, prediction, classes);
  const shown = prediction?.reason !== "blank" ? prediction : undefined;

  const { answer } = number;
  const write = (shown: ShownNumber) =>
    keepSeparators && answer ? withSeparators(shown, answer.separators) : shown.text;
  const numeric = numberResult(
    content,
    number.prediction,
    number.shown,
    number.invalid !== null,
    write,
  );
  const constrained = summarize(number.typed) !== "";
  const copyNumber = async () => {
    if (numeric.kind !== "answer" && numeric.kind !== "edited") return;
    const { text } = numeric;
    announce((await copy(text)) ? `Copied ${text}` : "The browser did not allow copying.");
  };

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
        return state.predict();
      case "open":
        return fileInput.current?.click();
      case "mode":
        return drawing.setMode(mode === "freehand" ? "pixels" : "freehand");
      case "number":
        if (isNumber) return drawing.setMode(digitMode);
        return digits ? drawing.setMode("number") : undefined;
      case "copy":
        return void copyNumber();
      case "help":
        return setDialog("shortcuts");
    }
  };
  useShortcuts(runCommand, settings.singleKeys);

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

  const controls = (
    <PredictionControls
      live={live}
      canPredict={request !== null}
      loading={state.loading}
      prediction={isNumber ? answer : shown}
      onLive={settings.setLive}
      onPredict={state.predict}
      models={models.list}
      invalidModels={models.invalid}
      model={models.name}
      onModel={models.choose}
    />
  );
  return (
    <>
      <a className="skip-link" href="#drawing">
        Skip to the drawing area
      </a>
      <a className="skip-link" href="#result">
        Skip to the result
      </a>
      <Header theme={theme} onTheme={setTheme} onKeyboardHelp={() => setDialog("shortcuts")} />
      <main>
        <div className="workspace" data-mode={mode} data-dragging={dragging || undefined}>
          <section className="drawing-panel" id="drawing" aria-label="Drawing">
            <InputSources
              mode={mode}
              digits={digits}
              hasCamera={hasCamera}
              onMode={drawing.setMode}
              onFile={openFile}
              onCamera={() => setDialog("camera")}
              fileInput={fileInput}
            />
            <SectionBoundary name="The drawing area" resetKeys={[current]}>
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
            <p className="visually-hidden" role="status" aria-live="polite">
              {announced}
            </p>
            {isNumber && (
              <DigitStrip
                shown={number.shown}
                selected={number.selected}
                muted={numeric.kind === "rejected" || outdated}
                onSelect={number.select}
                onCorrect={number.correct}
                onUncorrect={number.uncorrect}
              />
            )}
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

          <section className="result-panel" id="result" aria-label="Result">
            <SectionBoundary name="The result" resetKeys={[state.prediction, request, models.list]}>
              {isNumber ? (
                <NumberPanel
                  number={number}
                  result={numeric}
                  text={numberText(numeric, live, outdated, constrained)}
                  outdated={outdated}
                  notice={number.invalid ? null : notice}
                  keepSeparators={keepSeparators}
                  onKeepSeparators={settings.setKeepSeparators}
                  copied={copied}
                  onCopy={copyNumber}
                  controls={controls}
                />
              ) : (
                <>
                  <PredictionResult
                    result={result}
                    classes={classes}
                    stale={digit.stale}
                    outdated={outdated}
                    live={live}
                    seen={shown?.seen ?? null}
                    notice={notice}
                    onReadAsNumber={
                      result.kind === "rejected" && prediction?.may_be_number && digits
                        ? drawing.readAsNumber
                        : undefined
                    }
                  />
                  <ProbabilityBars
                    classes={classes}
                    probabilities={shown?.probabilities}
                    label={result.kind === "answer" && !outdated ? result.label : null}
                  />
                  {controls}
                </>
              )}
              <ResultAnnouncer
                text={
                  !settled
                    ? ""
                    : isNumber
                      ? numberAnnouncement(numeric, outdated, constrained)
                      : announcement(result, classes, outdated)
                }
              />
            </SectionBoundary>
          </section>
          {digits && !isNumber && <SampleDigits onSample={onSample} />}
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
      <Dialogs
        dialog={dialog}
        subject={isNumber ? "number" : digits ? "digit" : "drawing"}
        singleKeys={settings.singleKeys}
        onSingleKeys={settings.setSingleKeys}
        onPhoto={(photo) => openFile(photo, "Photo")}
        onClose={closeDialog}
        onError={() => {
          setDialog("none");
          setLocalFailure({
            reason: "This window could not be opened.",
            action: "Try again in a moment.",
          });
        }}
      />
    </>
  );
}
