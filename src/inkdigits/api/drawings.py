"""Brings each kind of drawing to a recognizer: the file of a picture, pen strokes, 28x28 pixels."""

import math

import numpy as np
from pydantic import TypeAdapter
from werkzeug.exceptions import UnprocessableEntity

from inkdigits.api.parsing import decode_image
from inkdigits.api.schemas import (
    Drawing,
    ImageDrawing,
    PixelsDrawing,
    Stroke,
    StrokesDrawing,
)
from inkdigits.arrays import Array, Pixels
from inkdigits.imaging.strokes import draw
from inkdigits.recognizer import Prediction, Recognizer

DRAWING: TypeAdapter[ImageDrawing | StrokesDrawing | PixelsDrawing] = TypeAdapter(Drawing)

MOST_POINTS = 20_000  # of all strokes together
SHEET_PX = 200  # the longer side: seven times what the network sees, so edges are smooth there
SMALLEST_SHEET_PX = 60
FINEST_PX = 1.0
# Pixels that are looked at for all segments together; scribbles that need more get a smaller sheet.
MOST_WORK = 20_000_000


def recognize(
    recognizer: Recognizer, drawing: ImageDrawing | StrokesDrawing | PixelsDrawing
) -> Prediction:
    """Read a drawing of any kind.

    raises   BadRequest for an image that is no base64, ImageError for one that is no picture;
             UnprocessableEntity for strokes of too many points
    """
    if isinstance(drawing, ImageDrawing):
        return recognizer.recognize(*decode_image(drawing.image))
    if isinstance(drawing, PixelsDrawing):
        return recognizer.recognize_ink(np.rint(drawing.pixels).astype(np.uint8))
    return recognizer.recognize_ink(draw_strokes(drawing.strokes))


def draw_strokes(strokes: list[Stroke]) -> Pixels:
    """Draw strokes on a sheet that is as large as they are.

    returns  uint8 (H, W), 255 is full ink
    raises   UnprocessableEntity if there are more than MOST_POINTS points
    """
    count = sum(len(stroke.points) for stroke in strokes)
    if count > MOST_POINTS:
        raise UnprocessableEntity(
            f"The strokes have {count:,} points, more than the {MOST_POINTS:,} that are allowed; "
            "leave out points that lie close together."
        )
    points = [np.array(stroke.points) for stroke in strokes]
    widths = np.array([stroke.width for stroke in strokes])
    corner = np.min([stroke.min(axis=0) for stroke in points], axis=0)
    extent = np.max([stroke.max(axis=0) for stroke in points], axis=0) - corner
    # Of a dot the pen is all there is. The bound keeps the scale finite.
    longer = max(float(extent.max() + widths.max()), 1e-9)
    side = _side_px([SHEET_PX / longer * stroke for stroke in points], SHEET_PX / longer * widths)
    scale = side / longer
    pens = np.maximum(scale * widths, FINEST_PX)
    margin = math.ceil(pens.max() / 2) + 1
    width, height = (np.ceil(scale * extent).astype(int) + 2 * margin).tolist()
    return draw(
        [scale * (stroke - corner) + margin for stroke in points], pens.tolist(), (height, width)
    )


def _side_px(points: list[Array], widths: Array) -> float:
    """How long the sheet's longer side may be: the drawing costs what its segments' boxes hold."""
    work = sum(
        float((np.abs(np.diff(stroke, axis=0)) + width + 1).prod(axis=1).sum())
        for stroke, width in zip(points, widths, strict=True)
    )
    shrink = math.sqrt(MOST_WORK / work) if work > MOST_WORK else 1.0
    return max(SHEET_PX * shrink, SMALLEST_SHEET_PX)
