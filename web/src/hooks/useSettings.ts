import * as v from "valibot";
import type { SizeSetting } from "../components/DrawingTools";
import type { Mode } from "../lib/drawing";
import { clamp } from "../lib/geometry";
import { GRID_SIZE } from "../lib/grid";
import { CANVAS_SIZE } from "../lib/strokes";
import { usePersistentState } from "./usePersistentState";

const PEN_WIDTH = { min: 6, max: 36, step: 2, initial: 16 };
const BRUSH_SIZE = { min: 1, max: 4, step: 1, initial: 2 };

const PenWidthSchema = v.pipe(v.number(), v.minValue(PEN_WIDTH.min), v.maxValue(PEN_WIDTH.max));
const BrushSizeSchema = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(BRUSH_SIZE.min),
  v.maxValue(BRUSH_SIZE.max),
);

/** The settings, which are kept in the browser's storage. */
export function useSettings(mode: Mode) {
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
  const [live, setLive] = useSwitch("live");
  const [singleKeys, setSingleKeys] = useSwitch("single-keys");
  const [keepSeparators, setKeepSeparators] = useSwitch("keep-separators");
  const size: SizeSetting =
    mode === "pixels"
      ? { label: "Brush size", value: brush, ...BRUSH_SIZE, fraction: brush / GRID_SIZE }
      : { label: "Pen width", value: penWidth, ...PEN_WIDTH, fraction: penWidth / CANVAS_SIZE };
  return {
    penWidth,
    brush,
    /** That of the pen or the brush. */
    size,
    setSize: (value: number) =>
      (mode === "pixels" ? setBrush : setPenWidth)(clamp(value, size.min, size.max)),
    live,
    setLive,
    singleKeys,
    setSingleKeys,
    /** Whether a number is shown and copied with its separators. */
    keepSeparators,
    setKeepSeparators,
  };
}

function useSwitch(name: string) {
  return usePersistentState("local", name, v.boolean(), true);
}
