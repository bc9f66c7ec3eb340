"""Draw sample images under known conditions, and compare preprocessed images."""

import cv2
import numpy as np

from inkdigits.preprocessing.clutter import isolate_digit

# How much darker than its brightest point an image is, from 0 to 1, by row and column in 0 to 1.
SHADOWS = {
    "gradient": lambda row, column: (row + column) / 2,
    "two corners": lambda row, column: 2 * (row - 0.5) * (column - 0.5) + 0.5,
    "vignette": lambda row, column: 2 * (row - 0.5) ** 2 + 2 * (column - 0.5) ** 2,
}


def drawing(
    height=200, width=200, top=60, left=80, size=100, pen=12, ink_color=(0, 0, 0), paper=(255,) * 3
):
    """An L of a given height: a downstroke, and a foot half as long."""
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:] = (*paper, 255)
    rgba[top : top + size, left : left + pen, :3] = ink_color
    rgba[top + size - pen : top + size, left : left + size // 2, :3] = ink_color
    return rgba


def ring(side, radius, pen):
    """A black ring on white, aliased."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    rgba = np.full((side, side, 4), 255, np.uint8)
    rgba[np.abs(np.hypot(rows, columns) - radius) <= pen / 2, :3] = 0
    return rgba


def as_rgba(gray):
    """An opaque gray image."""
    rgba = np.full((*gray.shape, 4), 255, np.uint8)
    rgba[..., :3] = gray[..., None]
    return rgba


def on_table(paper, color, top=30, left=12, margin=(50, 30)):
    """The image on top of a larger one of another color."""
    height, width = np.add(paper.shape[:2], margin)
    table = np.full((height, width, 4), 255, np.uint8)
    table[..., :3] = color
    table[top : top + len(paper), left : left + paper.shape[1]] = paper
    return table


def under_light(rgba, falloff, shadow="gradient"):
    """The image under uneven illumination: `falloff` less light where it is darkest."""
    rows, columns = np.mgrid[: len(rgba), : rgba.shape[1]] / max(rgba.shape)
    return _lit(rgba, 1 - falloff * SHADOWS[shadow](rows, columns))


def in_shadow(rgba, where=0.65):
    """The image with a shadow on its upper left, down to `where` on its left side, 0 to 1."""
    rows, columns = np.mgrid[: len(rgba), : rgba.shape[1]] / len(rgba)
    return _lit(rgba, 1 - 0.4 / (1 + np.exp((rows + columns / 2 - where) * 67)))


def _lit(rgba, light):
    lit = rgba.copy()
    lit[..., :3] = np.rint(rgba[..., :3] * light[..., None])
    return lit


def with_noise(rgba, deviation):
    """The image with gray noise, like a camera's."""
    noise = np.random.default_rng(0).normal(0, deviation, rgba.shape[:2])
    noisy = rgba.copy()
    noisy[..., :3] = np.clip(np.rint(rgba[..., :3] + noise[..., None]), 0, 255)
    return noisy


def difference(one, other):
    """The summed difference of two images, as a share of their ink."""
    return np.abs(one.astype(int) - other).sum() / max(one.sum(), other.sum())


def rough_difference(one, other):
    """How different two images are, 0 to 1, whatever the exact width and place of the strokes."""
    one, other = (cv2.GaussianBlur(each.astype(np.float32), None, 2) for each in (one, other))
    return 1 - float((one * other).sum()) / float(np.linalg.norm(one) * np.linalg.norm(other))


def extent(image):
    """Height and width of the pixels above a tenth of full ink."""
    rows, columns = np.nonzero(image > 25)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def isolated(ink):
    """The digit alone, in its place in the image."""
    digit, place = isolate_digit(ink)
    whole = np.zeros_like(ink)
    whole[place] = digit
    return whole
