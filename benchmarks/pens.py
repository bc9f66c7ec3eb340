"""Draw strokes with a round pen, by Pillow, which the code under test does not use for drawing."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from inkdigits.arrays import Array


def draw_strokes(image: Image.Image, strokes: Sequence[Array], pen: int) -> None:
    """Draw strokes of value 255 on an image of mode L, without antialiasing.

    strokes  each (N, 2), rows and columns in px, pixel centers at whole numbers
    pen      px
    """
    pencil = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(x, y) for y, x in stroke.tolist()]
        pencil.line(points, 255, pen)
        if pen > 2:  # round ends and joints
            for x, y in points:
                pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)
        else:
            pencil.point(points, 255)


def coverage(
    strokes: Sequence[Array], pen_px: float, shape: tuple[int, int], antialiased: bool = True
) -> Array:
    """Return how much of each pixel the pen covers.

    strokes  each (N, 2), rows and columns in px, pixel corners at whole numbers
    returns  float64 (H, W), 0 to 1
    """
    finer = 1 if not antialiased else 6 if max(shape) <= 128 else 3
    image = Image.new("L", (shape[1] * finer, shape[0] * finer))
    draw_strokes(image, [stroke * finer - 0.5 for stroke in strokes], max(1, round(pen_px * finer)))
    return np.asarray(image.reduce(finer), np.float64) / 255
