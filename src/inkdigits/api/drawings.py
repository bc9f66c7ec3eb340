"""Recognition of each kind of drawing: an image file, pen strokes, or 28x28 pixels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
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

MAX_POINTS_PER_DRAWING = 20_000
# Length of a digit's longer side: seven times that of the network's input, so edges are smooth.
CANVAS_PX = 200
MIN_CANVAS_PX = 60  # of the height, for a dense scribble
MIN_PEN_PX = 1.0
# Rendering visits the pixels of every segment's bounding box. If all boxes together have more
# pixels than this, as in a dense scribble, the canvas is made smaller.
MAX_BOX_PIXELS = 20_000_000
# Width of a pen that the client leaves out, as a share of the canvas's height.
DEFAULT_WIDTH = 0.1
FULL_INK = 255


def recognize(
    recognizer: Recognizer, drawing: ImageDrawing | StrokesDrawing | PixelsDrawing
) -> Prediction:
    """Recognize a drawing of any kind.

    raises   as `content_of`; ImageError for a file that cannot be opened as an image
    """
    content = content_of(drawing)
    if isinstance(content, bytes):
        return recognizer.recognize(content)
    return recognizer.recognize_ink(content)


def content_of(drawing: ImageDrawing | StrokesDrawing | PixelsDrawing) -> bytes | Pixels:
    """Return the image file that a drawing of any kind has, or else its ink.

    returns  bytes; or uint8 (H, W), 255 is full ink
    raises   BadRequest for an image that is not valid base64, UnsupportedMediaType for a data URL
             of something else; UnprocessableEntity for strokes with too many points, and for
             pixels in another range
    """
    if isinstance(drawing, ImageDrawing):
        return decode_image(drawing.image)
    if isinstance(drawing, PixelsDrawing):
        return ink_of(drawing.pixels)
    return render_strokes(drawing.strokes).ink


def ink_of(pixels: list[list[float]]) -> Pixels:
    """Convert the numbers of an image to ink, if they are in the range that the API documents.

    returns  uint8 (28, 28), 255 is full ink
    raises   UnprocessableEntity if they run from 0 to 1, or from white to black: what other
             programs and data sets use. The network would see a blank or an inverted image
    """
    levels = np.array(pixels)
    if 0 < levels.max() <= 1:
        raise UnprocessableEntity(
            "The pixels run from 0 to 1; they must run from 0 (background) to 255 (full ink), so "
            "multiply them by 255."
        )
    ink = np.rint(levels).astype(np.uint8)
    if _has_light_background(ink):
        raise UnprocessableEntity(
            "The pixels have dark ink on a light background; 0 is the background and 255 full ink, "
            "so send 255 minus each of them."
        )
    return ink


def _has_light_background(ink: NDArray[np.uint8]) -> bool:
    """Whether most of the border, and most of the whole image, is more ink than background."""
    is_ink = ink > FULL_INK // 2
    # A frame around a digit has ink on the border only, and a thick digit has it only inside.
    border = np.concatenate([is_ink[0], is_ink[-1], is_ink[1:-1, 0], is_ink[1:-1, -1]])
    return bool(2 * border.sum() > border.size and 2 * is_ink.sum() > is_ink.size)


@dataclass(frozen=True)
class Canvas:
    """The size of a canvas: a drawing is as large as fits, or smaller if it is a dense scribble.

    A pen without a width is a tenth as wide as the canvas is high.
    """

    width_px: float
    height_px: float


@dataclass(frozen=True)
class Rendering:
    """Strokes on a canvas.

    ink     uint8 (H, W), 255 is full ink
    scale   pixels for each unit of the strokes
    corner  float (2,), x and y of the ink's upper left corner, in the unit of the strokes
    """

    ink: Pixels
    scale: float
    corner: Array


DIGIT_CANVAS = Canvas(CANVAS_PX, CANVAS_PX)


def render_strokes(strokes: list[Stroke], canvas: Canvas = DIGIT_CANVAS) -> Rendering:
    """Render strokes on a canvas that fits them.

    raises   UnprocessableEntity if there are more than MAX_POINTS_PER_DRAWING points
    """
    count = sum(len(stroke.points) for stroke in strokes)
    if count > MAX_POINTS_PER_DRAWING:
        raise UnprocessableEntity(
            f"The strokes have {count:,} points, and at most {MAX_POINTS_PER_DRAWING:,} are "
            "allowed; leave out points that are close together."
        )
    points = [np.array(stroke.points) for stroke in strokes]
    corner = np.min([stroke.min(axis=0) for stroke in points], axis=0)
    extent = np.max([stroke.max(axis=0) for stroke in points], axis=0) - corner
    # The width of the drawing, too, is measured by the height of the canvas.
    aspect = np.array([canvas.height_px / canvas.width_px, 1])
    # A single dot has no extent: then the width does not matter.
    default = DEFAULT_WIDTH * float((aspect * extent).max()) or 1.0
    widths = np.array([default if pen.width is None else pen.width for pen in strokes])
    # A dot is as large as its pen. The lower bound keeps the scale finite.
    height = max(float((aspect * (extent + widths.max())).max()), 1e-9)
    fit = canvas.height_px / height
    scale = _height_px([fit * stroke for stroke in points], fit * widths, canvas) / height
    pens = np.maximum(scale * widths, MIN_PEN_PX)
    margin = math.ceil(pens.max() / 2) + 1
    columns, rows = (np.ceil(scale * extent).astype(int) + 2 * margin).tolist()
    ink = draw(
        [scale * (stroke - corner) + margin for stroke in points], pens.tolist(), (rows, columns)
    )
    return Rendering(ink, scale, corner - margin / scale)


def _height_px(points: list[Array], widths: Array, canvas: Canvas) -> float:
    """Choose the canvas's height so that rendering visits at most MAX_BOX_PIXELS pixels."""
    box_pixels = sum(
        float((np.abs(np.diff(stroke, axis=0)) + width + 1).prod(axis=1).sum())
        for stroke, width in zip(points, widths, strict=True)
    )
    shrink = math.sqrt(MAX_BOX_PIXELS / box_pixels) if box_pixels > MAX_BOX_PIXELS else 1.0
    return max(canvas.height_px * shrink, MIN_CANVAS_PX)
