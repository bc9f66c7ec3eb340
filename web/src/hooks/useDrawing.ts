import { useCallback, useEffect, useEffectEvent, useMemo, useState } from "react";
import { sampleStrokes } from "../lib/digitPaths";
import {
  type Drawing,
  type Mode,
  ModeSchema,
  newFreehandDrawing,
  newPixelDrawing,
  type OpenedImage,
} from "../lib/drawing";
import { drawLine, isEmpty, toRows } from "../lib/grid";
import { createHistory, type History } from "../lib/history";
import { strokesToPng } from "../lib/render";
import { encodeHistory, FreehandHistorySchema, PixelHistorySchema } from "../lib/savedHistory";
import { load, save } from "../lib/storage";
import type { Stroke } from "../lib/strokes";
import { useHistory } from "./useHistory";
import { usePersistentState } from "./usePersistentState";
import type { PredictionRequest } from "./usePrediction";

const SAMPLE_WIDTH = 16;
const SAVE_DELAY_MS = 400;

const objectIds = new WeakMap<object, number>();
let lastObjectId = 0;

/** A number that identifies an object. */
function objectId(object: object): number {
  const id = objectIds.get(object) ?? ++lastObjectId;
  objectIds.set(object, id);
  return id;
}

/** The freehand and the pixel drawing, and the prediction request for the current one. */
export function useDrawing() {
  const [mode, setMode] = usePersistentState<Mode>("session", "mode", ModeSchema, "freehand");
  const freehand = useHistory(
    () => load("session", "freehand", FreehandHistorySchema) ?? createHistory(newFreehandDrawing()),
  );
  const pixels = useHistory(
    () => load("session", "pixels", PixelHistorySchema) ?? createHistory(newPixelDrawing()),
  );
  const [draft, setDraft] = useState<Stroke | null>(null);
  const [painting, setPainting] = useState(false);
  useSaved(freehand.history);
  useSaved(pixels.history);

  const request = useMemo((): PredictionRequest | null => {
    if (mode === "pixels") {
      const { grid, id } = pixels.present;
      if (isEmpty(grid)) return null;
      const revision = `pixels ${objectId(grid)}`;
      return { revision, id, inProgress: painting, body: () => ({ pixels: toRows(grid) }) };
    }
    const { strokes, image, id } = freehand.present;
    if (image && !draft) {
      return {
        revision: `image ${objectId(image)}`,
        id,
        inProgress: false,
        body: () => ({ image: image.url }),
      };
    }
    const drawn = draft ? [...(image ? [] : strokes), draft] : strokes;
    if (drawn.length === 0) return null;
    return {
      revision: `strokes ${objectId(strokes)} ${draft ? objectId(draft) : ""}`,
      id,
      inProgress: draft !== null,
      body: () => ({ image: strokesToPng(drawn) }),
    };
  }, [mode, freehand.present, pixels.present, draft, painting]);

  const { update: updateFreehand } = freehand;
  const { update: updatePixels } = pixels;
  const startFromSample = useCallback(
    (digit: number) => {
      const strokes = sampleStrokes(digit, SAMPLE_WIDTH);
      if (mode === "freehand") updateFreehand(newFreehandDrawing({ strokes }));
      else updatePixels(newPixelDrawing(rasterize(strokes)));
    },
    [mode, updateFreehand, updatePixels],
  );
  const open = useCallback(
    (drawing: Drawing) => {
      setMode(drawing.mode);
      if (drawing.mode === "freehand") updateFreehand(drawing);
      else updatePixels(drawing);
    },
    [setMode, updateFreehand, updatePixels],
  );

  const current = mode === "freehand" ? freehand : pixels;
  const drawing: Drawing = current.present;

  return {
    mode,
    setMode,
    freehand,
    pixels,
    setDraft,
    setPainting,
    request,
    drawing,
    canUndo: current.canUndo,
    canRedo: current.canRedo,
    undo: current.undo,
    redo: current.redo,
    clear: () => {
      if (!request) return;
      if (mode === "freehand") updateFreehand(newFreehandDrawing());
      else updatePixels(newPixelDrawing());
    },
    startFromSample,
    open,
    openImage: (image: OpenedImage) => open(newFreehandDrawing({ image })),
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
