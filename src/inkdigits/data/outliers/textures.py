"""Outliers that fill the image, as photographs do: noise, stripes, overlapping patches, blobs."""

import math

import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.outliers.canvas import CANVAS_PX, DigitsByLabel
from inkdigits.data.sampling import log_uniform
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.filters import gaussian_blur


def smooth_noise(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Make clouds of any grain, sometimes in black and white only."""
    canvas = _smooth_noise(rng, tuple(rng.integers(16, 41, 2)))
    return _photograph(canvas if rng.random() < 0.6 else np.sign(canvas))


def pixel_noise(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Make noise that is independent from pixel to pixel, dense or sparse."""
    canvas = rng.random(rng.integers(10, 41, 2)) ** rng.uniform(0.5, 8)
    if rng.random() < 0.5:
        canvas = np.heaviside(canvas - rng.uniform(0.5, 0.95), 0)
    return _photograph(canvas)


def stripes(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Make stripes or a grid, straight or wavy."""
    rows, columns = np.mgrid[:CANVAS_PX, :CANVAS_PX] / CANVAS_PX
    distortion = rng.choice([0, 0.3]) * _smooth_noise(rng, (CANVAS_PX, CANVAS_PX))
    angle, frequencies = rng.uniform(0, math.pi), rng.uniform(2, 7, 2)
    across = math.cos(angle) * rows + math.sin(angle) * columns + distortion * 0.3
    canvas = np.cos(2 * math.pi * frequencies[0] * across)
    is_grid = rng.random() < 0.5
    if is_grid:
        along = math.sin(angle) * rows - math.cos(angle) * columns
        canvas = np.maximum(canvas, np.cos(2 * math.pi * frequencies[1] * along))
    return _photograph(np.clip(rng.choice([1, 8]) * (canvas - rng.uniform(-0.5, 0.7)), -1, 1))


def dead_leaves(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw the dead leaves model: overlapping patches, with the statistics of photographs.

    source   Lee, Mumford and Huang 2001, Occlusion Models for Natural Images
    """
    rows, columns = np.mgrid[:CANVAS_PX, :CANVAS_PX]
    canvas = np.full((CANVAS_PX, CANVAS_PX), rng.random())
    for _ in range(rng.integers(2, 16)):
        row, column = rng.uniform(0, CANVAS_PX, 2)
        height, width = 12 * rng.pareto(2, 2) + 2
        down, across = (rows - row) / height, (columns - column) / width
        exponent = rng.choice([2, 20])  # an ellipse, or nearly a rectangle
        covered = np.abs(down) ** exponent + np.abs(across) ** exponent < 1
        canvas[covered] = (rng.random() + 0.3 * rng.normal() * down)[covered]
    return _photograph(canvas + rng.choice([0, 0.1]) * rng.normal(size=canvas.shape))


def blob(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw one filled shape with a bumpy outline, evenly or unevenly inked."""
    rows, columns = (np.mgrid[:CANVAS_PX, :CANVAS_PX] - (CANVAS_PX - 1) / 2) / (CANVAS_PX / 2)
    aspect = rng.uniform(0.5, 2)
    radius = np.hypot(rows * aspect**0.5, columns / aspect**0.5)
    depth = 0.65 + rng.uniform(0, 0.5) * _smooth_noise(rng, (CANVAS_PX, CANVAS_PX)) - radius
    canvas = np.clip(depth * rng.choice([2, 20]), 0, 1)
    if rng.random() < 0.3:
        canvas = canvas * np.clip(0.7 + 0.3 * _smooth_noise(rng, (CANVAS_PX, CANVAS_PX)), 0, 1)
    return ink.from_ink(_to_pixels(canvas))


def _smooth_noise(rng: Generator, shape: tuple[int, ...]) -> Array:
    """Draw Gaussian-filtered noise of a random grain, with mean 0 and standard deviation 1."""
    sigma_px = log_uniform(rng, (0.7, 6.0))
    noise = gaussian_blur(rng.normal(size=shape), sigma_px)
    return (noise - noise.mean()) / noise.std()


def _photograph(canvas: Array) -> Pixels:
    """Preprocess a canvas, of any range, as an image that a user sends."""
    gray = _to_pixels(canvas)
    return ink.from_image(np.stack([gray, gray, gray, np.full_like(gray, 255)], axis=-1))


def _to_pixels(canvas: Array) -> Pixels:
    """Scale the range of values to 0..255."""
    minimum, maximum = float(canvas.min()), float(canvas.max())
    return np.rint(255 * (canvas - minimum) / max(maximum - minimum, 1e-6)).astype(np.uint8)
