"""Recognition of each kind of drawing: an image file, pen strokes, or 28x28 pixels."""

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
from inkdigits.arrays import Pixels
from inkdigits.imaging import stroke_canvas
from inkdigits.imaging.stroke_canvas import DIGIT_CANVAS, Canvas, Rendering
from inkdigits.recognizer import Prediction, Recognizer

DRAWING: TypeAdapter[ImageDrawing | StrokesDrawing | PixelsDrawing] = TypeAdapter(Drawing)

MAX_POINTS_PER_DRAWING = 20_000
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
    return stroke_canvas.render_strokes(points, [stroke.width for stroke in strokes], canvas)
