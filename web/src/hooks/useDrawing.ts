import { useCallback, useEffect, useEffectEvent, useMemo, useState } from "react";
import type { PredictionBody } from "../lib/api/client";
import { sampleStrokes } from "../lib/digitPaths";
import {
  type DigitDrawing,
  DigitModeSchema,
  type Drawing,
  type InkDrawing,
  type Mode,
  newFreehandDrawing,
  newNumberDrawing,
  newPixelDrawing,
  type OpenedImage,
} from "../lib/drawing";
import { drawLine, isEmpty, toRows } from "../lib/grid";
import { createHistory, type History } from "../lib/history";
import { objectId } from "../lib/objectId";
import { strokesToPng } from "../lib/render";
import {
  encodeHistory,
  FreehandHistorySchema,
  NumberHistorySchema,
  PixelHistorySchema,
} from "../lib/savedHistory";
import { load, save } from "../lib/storage";
import { CANVAS_SIZE, NUMBER_WIDTH, type Stroke } from "../lib/strokes";
import { toNumberDrawing } from "../lib/toNumber";
import { useHistory } from "./useHistory";
import { usePersistentState } from "./usePersistentState";
import type { PredictionRequest } from "./usePrediction";

const SAMPLE_WIDTH = 16;
const SAVE_DELAY_MS = 400;

/** The request for strokes or an opened image. */
export interface InkRequest extends PredictionRequest<{ image: string }> {
  /** The opened image that is sent; null for strokes. */
  readonly opened: OpenedImage | null;
}

/** The drawing of each mode, and the request to recognize the current one.
 *
 * `digitRequest` is null in number mode, and `numberRequest` in the others.
 *
 * @param isNumber  whether the mode is that of numbers: the address says so
 * @param showMode  goes to a view in which this mode can be drawn
 */
export function useDrawing(isNumber: boolean, showMode: (mode: Mode) => void) {
  const [digitMode, setDigitMode] = usePersistentState<DigitDrawing["mode"]>(
    "session",
    "mode",
    DigitModeSchema,
    "freehand",
  );
  const mode: Mode = isNumber ? "number" : digitMode;
  const setMode = useCallback(
    (mode: Mode) => {
      if (mode !== "number") setDigitMode(mode);
      showMode(mode);
    },
    [setDigitMode, showMode],
  );
  const freehand = useHistory(
    () => load("session", "freehand", FreehandHistorySchema) ?? createHistory(newFreehandDrawing()),
  );
  const pixels = useHistory(
    () => load("session", "pixels", PixelHistorySchema) ?? createHistory(newPixelDrawing()),
  );
  const number = useHistory(
    () => load("session", "number", NumberHistorySchema) ?? createHistory(newNumberDrawing()),
  );
  const [draft, setDraft] = useState<Stroke | null>(null);
  const [painting, setPainting] = useState(false);
  useSaved(freehand.history);
  useSaved(pixels.history);
  useSaved(number.history);

  const digitRequest = useMemo((): PredictionRequest<PredictionBody> | null => {
    if (mode === "freehand") return inkRequest(freehand.present, draft, CANVAS_SIZE);
    if (mode === "number") return null;
    const { grid, id } = pixels.present;
    if (isEmpty(grid)) return null;
    const revision = `pixels ${objectId(grid)}`;
    return { revision, id, inProgress: painting, body: () => ({ pixels: toRows(grid) }) };
  }, [mode, freehand.present, pixels.present, draft, painting]);
  const numberRequest = useMemo(
    () => (mode === "number" ? inkRequest(number.present, draft, NUMBER_WIDTH) : null),
    [mode, number.present, draft],
  );

  const { update: updateFreehand } = freehand;
  const { update: updatePixels } = pixels;
  const { update: updateNumber } = number;
  const restore = useCallback(
    (drawing: Drawing) => {
      if (drawing.mode !== "number") setDigitMode(drawing.mode);
      if (drawing.mode === "freehand") updateFreehand(drawing);
      else if (drawing.mode === "pixels") updatePixels(drawing);
      else updateNumber(drawing);
    },
    [setDigitMode, updateFreehand, updatePixels, updateNumber],
  );
  const open = useCallback(
    (drawing: Drawing) => {
      restore(drawing);
      showMode(drawing.mode);
    },
    [restore, showMode],
  );
  const startFromSample = useCallback(
    (digit: number) => {
      const strokes = sampleStrokes(digit, SAMPLE_WIDTH);
      if (digitMode === "freehand") open(newFreehandDrawing({ strokes }));
      else open(newPixelDrawing(rasterize(strokes)));
    },
    [digitMode, open],
  );

  const current = { freehand, pixels, number }[mode];
  const digitDrawing = digitMode === "freehand" ? freehand.present : pixels.present;

  return {
    mode,
    setMode,
    /** The mode in which digits are drawn. */
    digitMode,
    freehand,
    pixels,
    number,
    setDraft,
    setPainting,
    digitRequest,
    numberRequest,
    drawing: current.present,
    digitDrawing,
    canUndo: current.canUndo,
    canRedo: current.canRedo,
    undo: current.undo,
    redo: current.redo,
    clear: () => {
      if (!digitRequest && !numberRequest) return;
      if (mode === "freehand") updateFreehand(newFreehandDrawing());
      else if (mode === "pixels") updatePixels(newPixelDrawing());
      else updateNumber(newNumberDrawing());
    },
    startFromSample,
    /** Replace the drawing of its mode. */
    restore,
    /** The same, and go to a view that shows it. */
    open,
    openImage: (image: OpenedImage) =>
      open(mode === "number" ? newNumberDrawing({ image }) : newFreehandDrawing({ image })),
    /** Switch to number mode with the drawing of the digit. */
    readAsNumber: () => open(toNumberDrawing(digitDrawing)),
  };
}

/** The request for strokes, or for an opened image; null if there is nothing. */
function inkRequest(
  { strokes, image, id }: InkDrawing,
  draft: Stroke | null,
  width: number,
): InkRequest | null {
  if (image && !draft) {
    return {
      revision: `image ${objectId(image)}`,
      id,
      inProgress: false,
      opened: image,
      body: () => ({ image: image.url }),
    };
  }
  const drawn = draft ? [...(image ? [] : strokes), draft] : strokes;
  if (drawn.length === 0) return null;
  return {
    revision: `strokes ${objectId(strokes)} ${draft ? objectId(draft) : ""}`,
    id,
    inProgress: draft !== null,
    opened: null,
    body: () => ({ image: strokesToPng(drawn, width) }),
  };
}

function rasterize(strokes: readonly Stroke[]) {
  let { grid } = newPixelDrawing();
  for (const { points } of strokes) {
    const cells = points.map(([x, y]) => [Math.floor(x / 10), Math.floor(y / 10)] as const);
    cells.forEach((cell, index) => {
      grid = drawLine(grid, cells[Math.max(0, index - 1)] ?? cell, cell, 2, 255);
    });
  }
  return grid;
}

/** Save a drawing and its undo steps, so that they survive a reload and a crash of the page. */
function useSaved(history: History<Drawing>) {
  useEffect(() => {
    const timer = setTimeout(() => saveHistory(history), SAVE_DELAY_MS);
    return () => clearTimeout(timer);
  }, [history]);
  const saveNow = useEffectEvent(() => saveHistory(history));
  useEffect(() => {
    const onPageHide = () => saveNow();
    window.addEventListener("pagehide", onPageHide);
    return () => {
      window.removeEventListener("pagehide", onPageHide);
      // The page is unmounted when it crashes.
      saveNow();
    };
  }, []);
}

/** Without room for the undo steps, the drawing alone is saved. */
function saveHistory(history: History<Drawing>) {
  const { mode } = history.present;
  if (!save("session", mode, encodeHistory(history))) {
    save("session", mode, encodeHistory(history, 0));
  }
}
