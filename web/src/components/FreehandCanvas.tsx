import { memo, type ReactNode, useCallback, useEffect, useRef } from "react";
import { useGestures } from "../hooks/useGestures";
import type { Update } from "../hooks/useHistory";
import { addStroke, type InkDrawing, newId, type OpenedImage, withStrokes } from "../lib/drawing";
import { pointsBetween } from "../lib/geometry";
import { newGesture } from "../lib/history";
import { canBeShown } from "../lib/imageFiles";
import {
  CANVAS_SIZE,
  eraseAt,
  IMAGE_HEIGHT,
  isDot,
  type Point,
  type Stroke,
  strokeShape,
} from "../lib/strokes";
import { DrawingArea, MARGIN } from "./DrawingArea";

interface Props<Ink extends InkDrawing> {
  readonly label?: string;
  /** Of the sheet, whose height is `CANVAS_SIZE`. */
  readonly sheetWidth?: number;
  readonly drawing: Ink;
  /** Shown while nothing is drawn. */
  readonly placeholder: string;
  readonly erasing: boolean;
  readonly width: number;
  readonly update: Update<Ink>;
  /** Called repeatedly with the unfinished stroke, and with null when it ends. */
  readonly onDraft: (draft: Stroke | null) => void;
  readonly announce: (text: string) => void;
  /** Handle a tap; returns whether it was meant for something other than drawing a dot. */
  readonly onTap?: (point: Point) => boolean;
  /** Shown behind the ink. */
  readonly children?: ReactNode;
}

const DRAFT_INTERVAL_MS = 90;
const ERASER_RADIUS = 5;

/** Strokes of a round pen, or an opened image. */
export function FreehandCanvas<Ink extends InkDrawing>(props: Props<Ink>) {
  const { label = "Drawing area", sheetWidth = CANVAS_SIZE } = props;
  const { drawing, placeholder, erasing, width, update, onDraft, announce, onTap } = props;
  const draftPath = useRef<SVGPathElement>(null);
  const draft = useRef<{ points: Point[]; width: number; hasPressure: boolean } | null>(null);
  const eraseGesture = useRef(false);
  const lastErased = useRef<Point | null>(null);
  const gesture = useRef(0);
  const reported_ms = useRef(0);
  const frame = useRef(0);

  // The draft is drawn outside of React: a render for each pointer event would be too slow.
  const renderDraft = useCallback(() => {
    const shape = draft.current && strokeShape(draft.current, false);
    draftPath.current?.setAttribute("d", shape?.path ?? "");
    draftPath.current?.setAttribute("stroke-width", String(shape?.width ?? 0));
    draftPath.current?.toggleAttribute("data-filled", shape?.width === null);
  }, []);
  const scheduleRender = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(renderDraft);
  }, [renderDraft]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const erase = (points: readonly Point[]) => {
    // Pointer events of a fast movement are far apart: erase between them too.
    const path = points.flatMap((point) => {
      const from = lastErased.current ?? point;
      lastErased.current = point;
      return pointsBetween(from, point, ERASER_RADIUS);
    });
    update((present) => {
      const strokes = path.reduce(
        (remaining, point) => eraseAt(remaining, point, ERASER_RADIUS),
        present.strokes,
      );
      return strokes === present.strokes ? present : withStrokes(present, strokes);
    }, gesture.current);
  };

  const discardDraft = () => {
    draft.current = null;
    eraseGesture.current = false;
    onDraft(null);
    // Not in the next frame: by then the finished stroke is drawn too, and it would appear twice.
    renderDraft();
  };

  const { handlers, cursor, byKeyboard } = useGestures(
    {
      start: (point, options) => {
        gesture.current = newGesture();
        if (erasing || options.erasing) {
          eraseGesture.current = true;
          lastErased.current = null;
          if (drawing.image) announce(`${imageHint(true)} Clear removes the image.`);
          erase([point]);
          return;
        }
        draft.current = { points: [point], width, hasPressure: options.hasPressure };
        reported_ms.current = performance.now();
        scheduleRender();
      },
      move: (points) => {
        if (eraseGesture.current) {
          erase(points);
          return;
        }
        if (!draft.current) return;
        draft.current.points.push(...points);
        scheduleRender();
        if (performance.now() - reported_ms.current > DRAFT_INTERVAL_MS) {
          reported_ms.current = performance.now();
          onDraft({ ...draft.current, points: [...draft.current.points] });
        }
      },
      end: () => {
        const stroke = draft.current;
        discardDraft();
        const id = newId(); // here, because updates must be pure
        if (!stroke || (isDot(stroke) && onTap?.(stroke.points[0] as Point))) return;
        update((present) => addStroke(present, stroke, id));
        if (drawing.image) announce("Your drawing has replaced the image. Undo brings it back.");
      },
      cancel: discardDraft,
      announce,
    },
    sheetWidth,
    MARGIN,
  );

  return (
    <DrawingArea
      label={label}
      width={sheetWidth}
      hint={drawing.image && !cursor.down ? imageHint(erasing) : null}
      erasing={erasing}
      cursor={cursor}
      byKeyboard={byKeyboard}
      handlers={handlers}
    >
      {drawing.strokes.length === 0 && !drawing.image && !cursor.down && (
        <text className="placeholder" x={sheetWidth / 2} y={CANVAS_SIZE / 2}>
          {placeholder}
        </text>
      )}
      {drawing.image && <OpenedImageView image={drawing.image} width={sheetWidth} />}
      {props.children}
      {drawing.strokes.map((stroke, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: strokes are identified by their position
        <StrokePath key={index} stroke={stroke} />
      ))}
      <path ref={draftPath} className="ink" />
    </DrawingArea>
  );
}

/** What the tool does to an opened image. */
function imageHint(erasing: boolean): string {
  return erasing ? "The eraser works on strokes only." : "Drawing replaces the image.";
}

/** Above the hint. On a transparent image, black and white ink are visible against the two grays of a checkerboard. */
function OpenedImageView({
  image,
  width,
}: {
  readonly image: OpenedImage;
  readonly width: number;
}) {
  if (!canBeShown(image)) {
    return (
      <text className="placeholder" x={width / 2} y={IMAGE_HEIGHT / 2} data-testid="unshown">
        This browser cannot show this image.
      </text>
    );
  }
  return (
    <>
      {image.transparent && (
        <>
          <pattern id="checkerboard" width="20" height="20" patternUnits="userSpaceOnUse">
            <path className="checkerboard-dark" d="M0 0h20v20h-20z" />
            <path className="checkerboard-light" d="M0 0h10v20h10v-10h-20z" />
          </pattern>
          <rect
            width={width}
            height={IMAGE_HEIGHT}
            fill="url(#checkerboard)"
            data-testid="checkerboard"
          />
        </>
      )}
      <image href={image.url} width={width} height={IMAGE_HEIGHT} data-testid="image" />
    </>
  );
}

const StrokePath = memo(function StrokePath({ stroke }: { readonly stroke: Stroke }) {
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
