/** A drawing of a digit as one of a number, when it turns out to be one. */

import { type DigitDrawing, type NumberDrawing, newNumberDrawing } from "./drawing";
import { gridToPng } from "./render";
import { CANVAS_SIZE, NUMBER_WIDTH, roundedPoint, type Stroke } from "./strokes";

/** The same ink, in the middle of the wide sheet. */
export function toNumberDrawing(drawing: DigitDrawing): NumberDrawing {
  if (drawing.mode === "pixels") {
    const url = gridToPng(drawing.grid);
    const size = [CANVAS_SIZE, CANVAS_SIZE] as const;
    return newNumberDrawing({ image: { name: "Pixels", url, transparent: false, size } });
  }
  const { strokes, image } = drawing;
  return newNumberDrawing({ strokes: strokes.map(centered), image });
}

function centered(stroke: Stroke): Stroke {
  const shift = (NUMBER_WIDTH - CANVAS_SIZE) / 2;
  const points = stroke.points.map(([x, y, pressure]) => roundedPoint(x + shift, y, pressure));
  return { ...stroke, points };
}
