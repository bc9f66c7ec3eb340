import { useEffect, useMemo, useRef, useState } from "react";
import * as v from "valibot";
import { sampleStrokes } from "../lib/digitPaths";
import {
  FreehandDrawingSchema,
  newFreehandDrawing,
  newPixelDrawing,
  type Picture,
  PixelDrawingSchema,
} from "../lib/drawing";
import { isEmpty, rows, withLine } from "../lib/grid";
import type { Drawn } from "../lib/recentDrawings";
import { strokesPng } from "../lib/render";
import { load, save } from "../lib/storage";
import type { Stroke } from "../lib/strokes";
import { useHistory } from "./useHistory";
import { usePersistentState } from "./usePersistentState";
import type { PredictionRequest } from "./usePrediction";

export type Mode = "sheet" | "pixels";

const ModeSchema = v.picklist(["sheet", "pixels"]);

const SAMPLE_WIDTH = 16;
const KEEP_AFTER_MS = 400;

const numbers = new WeakMap<object, number>();
let made = 0;

/** The same number for the same object, for none else. */
function numberOf(object: object): number {
  const number = numbers.get(object) ?? ++made;
  numbers.set(object, number);
  return number;
}

/** What is drawn, on the sheet and on the grid, and the question that it is to the API. */
export function useDrawing() {
  const [mode, setMode] = usePersistentState<Mode>("session", "mode", ModeSchema, "sheet");
  const sheet = useHistory(
    () => load("session", "sheet", FreehandDrawingSchema) ?? newFreehandDrawing(),
  );
  const pixels = useHistory(
    () => load("session", "pixels", PixelDrawingSchema) ?? newPixelDrawing(),
  );
  const [draft, setDraft] = useState<Stroke | null>(null);
  const [moving, setMoving] = useState(false);
  useSessionBackup("sheet", sheet.present);
  useSessionBackup("pixels", pixels.present);

  const question = useMemo((): PredictionRequest | null => {
    if (mode === "pixels") {
      const { grid, id } = pixels.present;
      if (isEmpty(grid)) return null;
      const revision = `pixels ${numberOf(grid)}`;
      return { revision, id, moving, body: () => ({ pixels: rows(grid) }) };
    }
    const { strokes, picture, id } = sheet.present;
    const drawn = draft ? [...(picture ? [] : strokes), draft] : strokes;
    if (picture && !draft) {
      return {
        revision: `picture ${numberOf(picture)}`,
        id,
        moving: false,
        body: () => ({ image: picture.url }),
      };
    }
    if (drawn.length === 0) return null;
    return {
      revision: `strokes ${numberOf(strokes)} ${draft ? numberOf(draft) : ""}`,
      id,
      moving: draft !== null,
      body: () => ({ image: strokesPng(drawn) }),
    };
  }, [mode, sheet.present, pixels.present, draft, moving]);

  const current = mode === "sheet" ? sheet : pixels;
  const drawn: Drawn =
    mode === "sheet"
      ? { kind: "sheet", sheet: sheet.present }
      : { kind: "pixels", pixels: pixels.present };

  return {
    mode,
    setMode,
    sheet,
    pixels,
    setDraft,
    setMoving,
    question,
    drawn,
    id: current.present.id,
    canUndo: current.canUndo,
    canRedo: current.canRedo,
    undo: current.undo,
    redo: current.redo,
    clear: () => {
      if (!question) return;
      if (mode === "sheet") sheet.advance(() => newFreehandDrawing());
      else pixels.advance(() => newPixelDrawing());
    },
    start: (digit: number) => {
      const strokes = sampleStrokes(digit, SAMPLE_WIDTH);
      if (mode === "sheet") sheet.advance(() => newFreehandDrawing({ strokes }));
      else pixels.advance(() => newPixelDrawing(gridOf(strokes)));
    },
    lay: (picture: Picture) => {
      setMode("sheet");
      sheet.advance(() => newFreehandDrawing({ picture }));
    },
    open: (opened: Drawn) => {
      setMode(opened.kind);
      if (opened.kind === "sheet") sheet.advance(() => opened.sheet);
      else pixels.advance(() => opened.pixels);
    },
  };
}

function gridOf(strokes: readonly Stroke[]) {
  let { grid } = newPixelDrawing();
  for (const { points } of strokes) {
    const cells = points.map(([x, y]) => [Math.floor(x / 10), Math.floor(y / 10)] as const);
    cells.forEach((cell, index) => {
      grid = withLine(grid, cells[Math.max(0, index - 1)] ?? cell, cell, 2, 255);
    });
  }
  return grid;
}

/** Keep what is drawn over a reload, and over a failure of the page. */
function useSessionBackup(name: string, value: object) {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
    const timer = setTimeout(() => save("session", name, value), KEEP_AFTER_MS);
    return () => clearTimeout(timer);
  }, [name, value]);
  useEffect(() => {
    const keep = () => save("session", name, latest.current);
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      keep();
    };
  }, [name]);
}
