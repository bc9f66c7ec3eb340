"""Trace digits and render them as people draw: on any canvas, with any pen, color and light.

Pillow does the rendering, so it shares no code with what the benchmarks measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, TypeAlias

import numpy as np
from drawing_conditions import PLAIN, Conditions, draw_conditions
from pens import draw_strokes
from picture_parts import in_unit_box
from PIL import Image
from scipy import ndimage
from stroke_styles import boxy, dotted
from tracing import Stroke, trace

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.mnist import Digits

SEED = 0
MIN_CONTRAST = 80  # of 255, in brightness

Style: TypeAlias = Literal["traced", "boxy", "dotted"]
MIN_DOT_PX = 3
DOTS = (0.045, 0.12)  # width relative to the digit


@dataclass(frozen=True)
class Drawing:
    """A digit drawn under random conditions.

    file   bytes of a PNG or JPEG file
    plain  bytes of a PNG file with the same strokes, drawn under PLAIN
    """

    label: int
    conditions: Conditions
    file: bytes
    plain: bytes


def drawings(digits: Digits, count: int, style: Style = "traced") -> Iterator[Drawing]:
    """Simulate `count` drawings, cycling through the digits; they are always the same.

    style   how the strokes are drawn: as they were written, with few straight lines, or as the dots
            that a fast mouse leaves, which need a pen and a digit that are large enough
    """
    for number in range(count):
        # Each drawing has its own generator, so it does not depend on the others.
        rng = np.random.default_rng((SEED, number, *([] if style == "traced" else style.encode())))
        strokes = trace(digits.images[number % len(digits)])
        label = int(digits.labels[number % len(digits)])
        conditions = draw_conditions(rng)
        while style == "dotted" and not _shows_dots(conditions):
            conditions = draw_conditions(rng)
        if style == "boxy":
            strokes = in_unit_box(boxy(strokes, rng))
        file, plain = (
            draw(_dots(strokes, each, rng) if style == "dotted" else strokes, each, rng)
            for each in (conditions, PLAIN)
        )
        yield Drawing(label, conditions, file, plain)


def _shows_dots(conditions: Conditions) -> bool:
    """Return whether dots are neither too small or far apart to be seen, nor blots."""
    pen = conditions.pen_px / conditions.size_px
    is_bitmap = conditions.canvas[2] > 1
    return not is_bitmap and conditions.pen_px >= MIN_DOT_PX and DOTS[0] <= pen <= DOTS[1]


def _dots(strokes: list[Stroke], conditions: Conditions, rng: Generator) -> list[Stroke]:
    return dotted(strokes, conditions.pen_px / conditions.size_px, rng)


def draw(strokes: list[Stroke], conditions: Conditions, rng: Generator) -> bytes:
    """Draw a digit and encode it.

    strokes  in a box whose longer side is 1
    returns  the bytes of a PNG or JPEG file
    """
    return draw_coverage(_coverage(strokes, conditions), conditions, rng)


def draw_coverage(mask: Array, conditions: Conditions, rng: Generator) -> bytes:
    """Put what has been drawn on the canvas, and encode it.

    mask     float64 (H, W), how much of each pixel the pen covers, 0 to 1; it fits the canvas
    returns  the bytes of a PNG or JPEG file
    """
    width, height, scale = conditions.canvas
    ink, background = _colors(conditions, rng)
    inner = _inside_frame(conditions, rng)
    top = int(rng.integers(inner[0], max(inner[0], inner[2] - mask.shape[0]) + 1))
    left = int(rng.integers(inner[1], max(inner[1], inner[3] - mask.shape[1]) + 1))
    top, left = min(top, height - mask.shape[0]), min(left, width - mask.shape[1])
    box = (top, left, top + mask.shape[0], left + mask.shape[1])

    coverage = np.zeros((height, width))
    coverage[box[0] : box[2], box[1] : box[3]] = mask
    if conditions.file == "PNG, transparent":
        pixels = np.zeros((height, width, 4), np.uint8)
        pixels[..., 3] = np.rint(255 * coverage)
        pixels[coverage > 0, :3] = ink
    else:
        paper = _paper(conditions, box, ink, background, rng)
        image: Array = paper + coverage[..., None] * (ink - paper)
        image = _framed(image, conditions, inner, ink, background, rng)
        image = _photographed(image, conditions, rng)
        pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if conditions.place == "cropped to the ink":
        pixels = pixels[box[0] : box[2], box[1] : box[3]]
    return _encoded(pixels.repeat(scale, axis=0).repeat(scale, axis=1), conditions, rng)


def _coverage(strokes: list[Stroke], conditions: Conditions) -> Array:
    """Return how much of each pixel of the digit's bounding box the pen covers, 0 to 1."""
    finer = 1 if not conditions.antialiased else 4 if conditions.size_px < 300 else 2
    pen = max(1, round(conditions.pen_px * finer))
    scale = max(conditions.size_px * finer - pen, 1)
    height, width = (
        int(np.ceil((max(float(s[:, axis].max()) for s in strokes) * scale + pen) / finer))
        for axis in (0, 1)
    )
    height, width = min(height, conditions.canvas[1]), min(width, conditions.canvas[0])
    image = Image.new("L", (width * finer, height * finer))
    draw_strokes(image, [stroke * scale + (pen - 1) / 2 for stroke in strokes], pen)
    return np.asarray(image.reduce(finer), np.float64) / 255


def _colors(conditions: Conditions, rng: Generator) -> tuple[Array, Array]:
    """Choose random colors of ink and background that differ visibly."""
    while True:
        if conditions.color == "colored":
            colors = rng.integers(0, 256, (2, 3)).astype(float)
        elif conditions.color == "gray":
            colors = np.repeat(rng.integers(0, 256, (2, 1)), 3, axis=1).astype(float)
        else:
            colors = np.array([[0.0] * 3, [255.0] * 3])
        dark, light = sorted(colors, key=_brightness)
        if _brightness(light) - _brightness(dark) >= MIN_CONTRAST:
            return (dark, light) if conditions.polarity == "dark on light" else (light, dark)


def _brightness(color: Array) -> float:
    return float(color @ np.array([0.299, 0.587, 0.114]))


def _inside_frame(conditions: Conditions, rng: Generator) -> tuple[int, int, int, int]:
    """Return the part of the canvas inside the frame: top, left, bottom and right."""
    width, height, _ = conditions.canvas
    spare = (1 - conditions.size_px / min(width, height)) / 2
    if conditions.frame == "none" or spare <= 0.03:
        return 0, 0, height, width
    sides = [round(rng.uniform(0.015, min(spare, 0.08)) * min(width, height)) for _ in range(4)]
    return sides[0], sides[1], height - sides[2], width - sides[3]


def _paper(
    conditions: Conditions, box: tuple[int, ...], ink: Array, background: Array, rng: Generator
) -> Array:
    """Make the paper, with its texture, lines and dust.

    returns  float64 (H, W, 3)
    """
    width, height, _ = conditions.canvas
    paper = np.empty((height, width, 3))
    paper[:] = background
    if conditions.texture == "paper":
        for grain_px in (0.7, 2.0, 6.0):
            grain = ndimage.gaussian_filter(rng.standard_normal((height, width)), grain_px)
            paper += (rng.uniform(0.5, 3) * grain / grain.std())[..., None]
    if conditions.ruled != "none":
        _rule(paper, conditions, ink, background, rng)
    if conditions.specks == "dust":
        _dust(paper, conditions, box, ink, rng)
    return paper


def _rule(
    paper: Array, conditions: Conditions, ink: Array, background: Array, rng: Generator
) -> None:
    """Draw ruled lines, or squares, paler than the ink and no wider than the pen."""
    height, width, _ = paper.shape
    color = background + rng.uniform(0.2, 0.5) * (ink - background)
    line_px = min(round(rng.uniform(0.002, 0.006) * width + 0.5), int(conditions.pen_px))
    spacing_px = round(max(12, rng.uniform(0.3, 1.2) * conditions.size_px))
    for row in range(int(rng.integers(spacing_px)), height, spacing_px):
        paper[row : row + line_px] = color
    if conditions.ruled == "squares":
        for column in range(int(rng.integers(spacing_px)), width, spacing_px):
            paper[:, column : column + line_px] = color


def _dust(
    paper: Array, conditions: Conditions, box: tuple[int, ...], ink: Array, rng: Generator
) -> None:
    """Scatter specks of the ink's color over the paper, away from the digit."""
    height, width, _ = paper.shape
    rows, columns = np.mgrid[:height, :width]
    for _ in range(rng.integers(2, 12)):
        radius_px = max(0.5, min(rng.uniform(0.005, 0.025) * conditions.size_px, conditions.pen_px))
        row, column = rng.uniform(0, height), rng.uniform(0, width)
        off_px = 0.05 * conditions.size_px
        if box[0] - off_px < row < box[2] + off_px and box[1] - off_px < column < box[3] + off_px:
            continue
        paper[np.hypot(rows - row, columns - column) <= radius_px] = ink


def _framed(
    image: Array,
    conditions: Conditions,
    inner: tuple[int, int, int, int],
    ink: Array,
    background: Array,
    rng: Generator,
) -> Array:
    """Draw a line around the paper, or put the paper on a table."""
    top, left, bottom, right = inner
    if conditions.frame == "none" or top == 0:
        return image
    outside = np.ones(image.shape[:2], bool)
    outside[top:bottom, left:right] = False
    if conditions.frame == "line":
        line_px = max(1, round(rng.uniform(0.002, 0.008) * min(image.shape[:2])))
        around = slice(max(top - line_px, 0), bottom + line_px)
        outside_the_line = np.ones_like(outside)
        outside_the_line[around, max(left - line_px, 0) : right + line_px] = False
        return np.where((outside & ~outside_the_line)[..., None], ink, image)
    table = background + rng.uniform(0.4, 1) * (rng.integers(0, 256, 3) - background)
    return np.where(outside[..., None], table, image)


def _photographed(image: Array, conditions: Conditions, rng: Generator) -> Array:
    """Add uneven light, and the blur and noise of a camera."""
    height, width, _ = image.shape
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.45)
    along = np.cos(angle) * columns + np.sin(angle) * rows
    if conditions.light == "gradient":
        image = image * (1 - strength * (along / 2.83 + 0.5))[..., None]
    elif conditions.light == "vignette":
        image = image * (1 - strength * (rows**2 + columns**2) / 2)[..., None]
    elif conditions.light == "shadow":
        edge = (along - rng.uniform(-0.5, 0.5)) / rng.uniform(0.03, 0.3)
        image = image * (1 - strength / (1 + np.exp(-4 * np.clip(edge, -9, 9))))[..., None]
    if conditions.blur == "slight":
        blur_px = min(rng.uniform(0.5, 2), 0.4 * conditions.pen_px)
        image = ndimage.gaussian_filter(image, (blur_px, blur_px, 0))
    if conditions.noise == "sensor":
        image = image + rng.uniform(1, 6) * rng.standard_normal(image.shape)
    return image


def _encoded(pixels: Pixels, conditions: Conditions, rng: Generator) -> bytes:
    file = BytesIO()
    if conditions.file.startswith("JPEG"):
        least, most = (int(bound) for bound in conditions.file.removeprefix("JPEG ").split("-"))
        Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(least, most)))
    else:
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
