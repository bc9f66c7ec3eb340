import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { ErrorBoundary } from "react-error-boundary";
import * as v from "valibot";
import { Announcer } from "./components/Announcer";
import { Answer, stateOf } from "./components/Answer";
import { Bars } from "./components/Bars";
import { Controls } from "./components/Controls";
import { Boundary } from "./components/Failure";
import { Header } from "./components/Header";
import { HowItWorks } from "./components/HowItWorks";
import type { NoticeProps } from "./components/Notice";
import { PixelBoard } from "./components/PixelBoard";
import { Recents } from "./components/Recents";
import { Samples } from "./components/Samples";
import { SheetBoard } from "./components/SheetBoard";
import { Sources } from "./components/Sources";
import { type Range, Tools } from "./components/Tools";
import { useCamera } from "./hooks/useCamera";
import { useDrawing } from "./hooks/useDrawing";
import { usePictureDrop } from "./hooks/usePictureDrop";
import { useReading } from "./hooks/useReading";
import { useRecents } from "./hooks/useRecents";
import { useShortcuts } from "./hooks/useShortcuts";
import { useStored } from "./hooks/useStored";
import { useTheme } from "./hooks/useTheme";
import type { Service } from "./lib/api/client";
import { ApiError, wordingOf } from "./lib/api/errors";
import { clamp } from "./lib/geometry";
import { SIDE } from "./lib/grid";
import type { Command } from "./lib/keys";
import { PictureError, pictureOf } from "./lib/pictures";
import { SHEET } from "./lib/strokes";

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

const KEPT_PEN = v.pipe(v.number(), v.minValue(PEN.least), v.maxValue(PEN.most));
const KEPT_BRUSH = v.pipe(v.number(), v.integer(), v.minValue(BRUSH.least), v.maxValue(BRUSH.most));
const KEPT_SWITCH = v.boolean();

export function App({ api }: { readonly api: Service }) {
  const drawing = useDrawing();
  const { mode, question } = drawing;
  const [rubber, setRubber] = useState(false);
  const [pen, setPen] = useStored("local", "pen", KEPT_PEN, PEN.usual);
  const [brush, setBrush] = useStored("local", "brush", KEPT_BRUSH, BRUSH.usual);
  const [live, setLive] = useStored("local", "live", KEPT_SWITCH, true);
  const [single, setSingle] = useStored("local", "single-keys", KEPT_SWITCH, true);
  const [theme, setTheme] = useTheme();
  const [dialog, setDialog] = useState<"none" | "camera" | "keyboard">("none");
  const [{ CameraDialog, ShortcutsDialog }, setDialogs] = useState(lazyDialogs);
  const [model, setModel] = useState<string | null>(null);
  const [refused, setRefused] = useState<PictureError | null>(null);
  const [said, say] = useState("");
  const picker = useRef<HTMLInputElement>(null);
  const camera = useCamera();

  const reading = useReading(api, question, model, live);
  const { prediction, stale, trouble } = reading;
  const busy = question?.moving ?? false;
  const { recents, remove, removeAll } = useRecents(drawing.id, drawing.drawn, busy, reading);

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
      drawing.lay(await pictureOf(file, name));
      setRefused(null);
    } catch (error) {
      setRefused(
        error instanceof PictureError
          ? error
          : new PictureError("This picture could not be opened.", "Choose another picture."),
      );
    }
  };
  const over = usePictureDrop(take);

  const range: Range =
    mode === "sheet"
      ? { label: "Width", value: pen, ...PEN, share: pen / SHEET }
      : { label: "Cells", value: brush, ...BRUSH, share: brush / SIDE };
  const setWidth = (value: number) =>
    (mode === "sheet" ? setPen : setBrush)(clamp(value, range.least, range.most));

  const obey = (command: Command) => {
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
  useShortcuts(obey, single);

  const onDialogError = () => {
    setDialog("none");
    setDialogs(lazyDialogs);
    setRefused(new PictureError("This window could not be opened.", "Try again in a moment."));
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

  const state = stateOf(question !== null, reading);
  // What was said of a file holds until something else is on the table.
  const onTable = drawing.sheet.present;
  useEffect(() => {
    if (onTable || mode) setRefused(null);
  }, [onTable, mode]);
  const notice: NoticeProps | null = refused
    ? { kind: "file", cause: refused.wrong, action: refused.action, again: false, again_ms: null }
    : trouble && {
        kind: trouble.kind,
        ...wordingOf(trouble),
        again: reading.again,
        again_ms: reading.again_ms,
      };
  const shown = question && prediction?.reason !== "blank" ? prediction : undefined;

  return (
    <>
      <a className="skip" href="#board">
        To the sheet
      </a>
      <Header theme={theme} onTheme={setTheme} onHelp={() => setDialog("keyboard")} />
      <main>
        <div className="instrument" data-over={over || undefined}>
          <section className="desk" id="board" aria-label="Drawing">
            <Sources
              mode={mode}
              camera={camera}
              onMode={drawing.setMode}
              onFile={take}
              onCamera={() => setDialog("camera")}
              openPicker={picker}
            />
            <Boundary
              what="The sheet"
              basedOn={[mode, drawing.sheet.present, drawing.pixels.present]}
            >
              {mode === "sheet" ? (
                <SheetBoard
                  sheet={drawing.sheet.present}
                  rubber={rubber}
                  width={pen}
                  advance={drawing.sheet.advance}
                  onDraft={drawing.setDraft}
                  say={say}
                />
              ) : (
                <PixelBoard
                  pixels={drawing.pixels.present}
                  rubber={rubber}
                  brush={brush}
                  advance={drawing.pixels.advance}
                  onMoving={drawing.setMoving}
                  say={say}
                />
              )}
            </Boundary>
            <p id="board-keys" className="board-keys">
              With the keyboard: arrow keys move the pen, Space puts it down and lifts it.
            </p>
            <p className="unseen" role="status" aria-live="polite">
              {said}
            </p>
            <Tools
              rubber={rubber}
              brush={range}
              canUndo={drawing.canUndo}
              canRedo={drawing.canRedo}
              canClear={question !== null}
              onCommand={obey}
              onBrush={setWidth}
            />
          </section>

          <section className="reading" aria-label="Reading">
            <Boundary what="The answer" basedOn={[prediction, question, models.data]}>
              <Answer
                state={state}
                stale={stale}
                live={live}
                seen={shown?.seen ?? null}
                notice={notice}
              />
              <Bars
                probabilities={shown?.probabilities}
                digit={state.kind === "digit" ? state.digit : null}
              />
              <Controls
                live={live}
                canPredict={question !== null}
                reading={reading.reading}
                prediction={shown}
                onLive={setLive}
                onPredict={reading.predict}
                models={models.data}
                strange={
                  models.failureReason instanceof ApiError &&
                  models.failureReason.trouble.kind === "strange"
                }
                model={named}
                onModel={setModel}
              />
              <Announcer state={state} settled={!stale && !busy && !trouble} />
            </Boundary>
          </section>
          <Samples onSample={onSample} />
        </div>

        <Boundary what="The last drawings" basedOn={[recents]}>
          <Recents recents={recents} onOpen={onOpen} onDelete={remove} onDeleteAll={removeAll} />
        </Boundary>
        <Boundary what="How it works" basedOn={[current]}>
          <HowItWorks api={api} model={current} />
        </Boundary>
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
