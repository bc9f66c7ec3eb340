"""Pictures whose light, or a turned scan, misleads about what is ink."""

import numpy as np
from pens import coverage
from picture_parts import (
    LIGHTS,
    Shape,
    camera,
    dark_corner,
    either_sign,
    inked,
    lamp,
    log_uniform,
    photo_shape,
    placed,
    saved,
    sheet,
    slope,
    to_pixels,
    turned,
    vignette,
)
from PIL import Image
from scipy import ndimage
from tracing import Stroke

from inkdigits.arrays import Array, Generator

RESAMPLING = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)


def black_corners(strokes: list[Stroke], rng: Generator) -> bytes:
    """Turn or deskew a scan by 3 to 30 degrees, which leaves black corners.

    The sheet is either enlarged to hold all of it or keeps its size and loses its corners.
    """
    shorter = log_uniform(rng, 48, 480)
    shape = round(shorter * rng.uniform(1, 1.4)), round(shorter)
    if rng.random() < 0.5:
        shape = shape[1], shape[0]
    degrees = either_sign(rng, 3, 30)
    # A deskewed digit is upright in the end. No more than 20 degrees of lean are asked for here.
    if rng.random() < 0.5 or abs(degrees) > 20:
        strokes = turned(strokes, -degrees)
    size_px = max(20, rng.uniform(0.2, 0.72) * shorter)
    pen_px = max(1.5, rng.uniform(0.04, 0.15) * size_px)
    digit = placed(strokes, size_px, shape, 0.14 * shorter, rng)
    image = inked(sheet(shape, rng.uniform(190, 255), rng), coverage(digit, pen_px, shape),
                  rng.uniform(0.5, 1))  # fmt: skip
    image = camera(image, rng, blur_px=rng.uniform(0, 0.6), noise=rng.choice([0, 3]))
    scan = Image.fromarray(to_pixels(image))
    black = (int(rng.choice([0, 0, 0, 12])),) * 3
    scan = scan.rotate(
        degrees,
        RESAMPLING[rng.integers(len(RESAMPLING))],
        expand=bool(rng.random() < 0.6),
        fillcolor=black,
    )
    return saved(np.asarray(scan, np.float64), rng, jpeg=0.3)


def _photo(strokes: list[Stroke], light: Array, rng: Generator) -> bytes:
    """Photograph a digit on a sheet of paper, which is sometimes ruled.

    light  float64 (H, W), 0 to 1, which also sets the size
    """
    shape = light.shape[0], light.shape[1]
    size_px = max(40, rng.uniform(0.14, 0.6) * min(shape))
    pen_px = max(1.5, rng.uniform(0.025, 0.09) * size_px)
    paper = sheet(shape, rng.uniform(175, 245), rng)
    if rng.random() < 0.3:
        spacing, first = rng.uniform(0.4, 1.1) * size_px, rng.uniform(0, size_px)
        for row in np.arange(first, shape[0] - 2, spacing).astype(int):
            paper[row : row + 1 + int(pen_px > 4)] *= rng.uniform(0.8, 0.93)
    digit = placed(strokes, size_px, shape, 0.15 * min(shape), rng)
    image = inked(paper, coverage(digit, pen_px, shape), rng.uniform(0.45, 0.85))
    image = camera(image * light[..., None], rng, blur_px=rng.uniform(0.3, 0.9))
    return saved(image, rng, jpeg=0.8)


def dark_corners(strokes: list[Stroke], rng: Generator) -> bytes:
    """Photograph with a vignette: down to a third of the brightness at the corners."""
    return _photo(strokes, vignette(photo_shape(rng), rng.uniform(0.33, 0.65), rng), rng)


def one_dark_corner(strokes: list[Stroke], rng: Generator) -> bytes:
    """Photograph with one corner in the dark."""
    return _photo(strokes, dark_corner(photo_shape(rng), rng.uniform(0.2, 0.5), rng), rng)


def by_a_lamp(strokes: list[Stroke], rng: Generator) -> bytes:
    """Photograph in the light of a lamp."""
    return _photo(strokes, lamp(photo_shape(rng), rng.uniform(0.3, 0.6), rng), rng)


def small_in_uneven_light(strokes: list[Stroke], rng: Generator) -> bytes:
    """Take a photo of 32 to 64 px in uneven light."""
    side = int(rng.integers(32, 65))
    size_px = max(16, rng.uniform(0.45, 0.72) * side)
    pen_px = max(1.4, rng.uniform(0.07, 0.14) * size_px)
    shape = side, side
    digit = placed(strokes, size_px, shape, 0.1 * side, rng)
    image = inked(sheet(shape, rng.uniform(150, 245), rng), coverage(digit, pen_px, shape),
                  rng.uniform(0.4, 0.8))  # fmt: skip
    image *= _any_light(shape, rng)[..., None]
    return saved(camera(image, rng, blur_px=rng.uniform(0.2, 0.5)), rng, quality=75)


def resized_to_28(strokes: list[Stroke], rng: Generator) -> bytes:
    """Take a photo in uneven light and resize it to 28x28."""
    side = int(rng.integers(200, 449))
    size_px = rng.uniform(0.5, 0.8) * side
    pen_px = rng.uniform(0.06, 0.13) * size_px
    shape = side, side
    digit = placed(strokes, size_px, shape, 0.08 * side, rng)
    image = inked(sheet(shape, rng.uniform(160, 245), rng), coverage(digit, pen_px, shape),
                  rng.uniform(0.4, 0.85))  # fmt: skip
    image = camera(image * _any_light(shape, rng)[..., None], rng, blur_px=rng.uniform(0.5, 1.5))
    small = Image.fromarray(to_pixels(image)).resize(
        (28, 28), Image.Resampling.LANCZOS if rng.random() < 0.5 else Image.Resampling.BOX
    )
    return saved(np.asarray(small, np.float64), rng, jpeg=0.2, quality=85)


def _any_light(shape: Shape, rng: Generator) -> Array:
    light = LIGHTS[rng.integers(len(LIGHTS))]
    return light(shape, rng.uniform(0.4, 0.75), rng)


def faint_and_dim(strokes: list[Stroke], rng: Generator) -> bytes:
    """Take a photo of about 32 px in dim light: faint strokes, uneven pressure, noise, JPEG."""
    side = int(rng.choice([32, 32, 32, 28, 36, 40]))
    shape = side, side
    size_px = rng.uniform(0.36, 0.62) * side
    digit = placed(strokes, size_px, shape, 0.12 * side, rng)
    pressure = ndimage.gaussian_filter(rng.standard_normal(shape), 0.12 * side)
    pressure = 0.7 + 0.3 * np.clip(pressure / pressure.std() / 1.5, -1, 1)  # 0.4 to 1
    covered = coverage(digit, rng.uniform(0.8, 1.8), shape) * pressure
    image = inked(sheet(shape, rng.uniform(0.3, 0.6) * 255, rng, 10), covered,
                  rng.uniform(0.35, 0.6))  # fmt: skip
    image *= slope(shape, rng.uniform(0.75, 0.95), rng)[..., None]
    image = ndimage.gaussian_filter(image, (0.4, 0.4, 0))
    image += 255 * rng.uniform(0.01, 0.025) * rng.standard_normal(image.shape)
    return saved(image, rng, jpeg=1)
