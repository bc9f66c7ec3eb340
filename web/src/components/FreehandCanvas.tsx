import { memo, useCallback, useEffect, useRef } from "react";
import { useGestures } from "../hooks/useGestures";
import type { Advance } from "../hooks/useHistory";
import { addStroke, type FreehandDrawing } from "../lib/drawing";
import { pointsBetween } from "../lib/geometry";
import { CANVAS_SIZE, eraseAt, type Point, type Stroke, strokeShape } from "../lib/strokes";
import { DrawingArea, MARGIN } from "./DrawingArea";

interface Props {
  readonly sheet: FreehandDrawing;
  readonly erasing: boolean;
  readonly width: number;
  readonly advance: Advance<FreehandDrawing>;
  /** Told now and then of the stroke that is being drawn, and null at its end. */
  readonly onDraft: (draft: Stroke | null) => void;
  readonly say: (words: string) => void;
}

const DRAFT_EVERY_MS = 90;
const RUBBER_RADIUS = 5;

/** The sheet of paper: strokes of a round pen, or a picture. */
export function FreehandCanvas({ sheet, erasing, width, advance, onDraft, say }: Props) {
  const drawn = useRef<SVGPathElement>(null);
  const stroke = useRef<{ points: Point[]; width: number; pressed: boolean } | null>(null);
  const isErasing = useRef(false);
  const rubbed = useRef<Point | null>(null);
  const gesture = useRef(0);
  const told_ms = useRef(0);
  const frame = useRef(0);

  const show = useCallback(() => {
    const ink = stroke.current && strokeShape(stroke.current, false);
    drawn.current?.setAttribute("d", ink?.path ?? "");
    drawn.current?.setAttribute("stroke-width", String(ink?.width ?? 0));
    drawn.current?.toggleAttribute("data-filled", ink?.width === null);
  }, []);
  const showSoon = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(show);
  }, [show]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const erase = (points: readonly Point[]) => {
    const way = points.flatMap((point) => {
      const from = rubbed.current ?? point;
      rubbed.current = point;
      // A rubber that is moved fast is told of at few points, but passes all between.
      return pointsBetween(from, point, RUBBER_RADIUS);
    });
    advance((now) => {
      const strokes = way.reduce((left, point) => eraseAt(left, point, RUBBER_RADIUS), now.strokes);
      return strokes === now.strokes ? now : { ...now, strokes };
    }, gesture.current);
  };

  const { handlers, cursor, byKeys } = useGestures(
    {
      start: (point, how) => {
        gesture.current += 1;
        if (erasing || how.erasing) {
          isErasing.current = true;
          rubbed.current = null;
          erase([point]);
          return;
        }
        stroke.current = { points: [point], width, pressed: how.pressed };
        told_ms.current = performance.now();
        showSoon();
      },
      move: (points) => {
        if (isErasing.current) {
          erase(points);
          return;
        }
        if (!stroke.current) return;
        stroke.current.points.push(...points);
        showSoon();
        if (performance.now() - told_ms.current > DRAFT_EVERY_MS) {
          told_ms.current = performance.now();
          onDraft({ ...stroke.current, points: [...stroke.current.points] });
        }
      },
      end: () => {
        const finished = stroke.current;
        stroke.current = null;
        isErasing.current = false;
        onDraft(null);
        show(); // at once: a frame later, the stroke would be there twice
        if (finished) advance((now) => addStroke(now, finished));
      },
      cancel: () => {
        stroke.current = null;
        isErasing.current = false;
        onDraft(null);
        show();
      },
      say,
    },
    MARGIN,
  );

  return (
    <DrawingArea
      label="Drawing sheet"
      kind="sheet"
      erasing={erasing}
      cursor={cursor}
      byKeys={byKeys}
      handlers={handlers}
    >
      {sheet.strokes.length === 0 && !sheet.picture && !cursor.down && (
        <text className="placeholder" x={CANVAS_SIZE / 2} y={CANVAS_SIZE / 2}>
          Draw a digit here
        </text>
      )}
      {sheet.picture && (
        <image
          href={sheet.picture.url}
          width={CANVAS_SIZE}
          height={CANVAS_SIZE}
          data-testid="image"
        />
      )}
      {sheet.strokes.map((stroke, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: strokes have no name but their place
        <StrokeShape key={index} stroke={stroke} />
      ))}
      <path ref={drawn} className="ink" />
    </DrawingArea>
  );
}

const StrokeShape = memo(function StrokeShape({ stroke }: { readonly stroke: Stroke }) {
  const { path, width } = strokeShape(stroke);
  return (
    <path
      className="ink"
      d={path}
      strokeWidth={width ?? 0}
      data-filled={width === null || undefined}
    />
  );
});
