"""Augment training images at random: distortion, stroke width, gaps, noise and blur.

NumPy draws the random numbers, a few per image; all arithmetic on pixels runs on the device that
holds the images.
"""

import math
from dataclasses import dataclass

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.constants import IMAGE_SIDE

GRID = 8  # points of the elastic displacement field in each direction
GAP_OFFSET_PX = 7  # maximum distance of a gap from the center
GAP_HALF_WIDTHS_PX = (0.4, 1.2)  # range


@dataclass(frozen=True)
class Augment:
    """Random changes to images, drawn for each image separately, and their strengths.

    rotation_degrees         maximum, in either direction
    scale, aspect            maximum change of size, and of width against height: 0.1 stands for
                             a factor between 1 / 1.1 and 1.1
    shear                    maximum shift of the top against the bottom, as a fraction of height
    shift_px                 maximum, along each axis
    elastic_px               standard deviation of the elastic displacement
    elastic_length_scale_px  distance over which the elastic displacement varies
    stroke                   maximum change of stroke width: 1 replaces each pixel with the
                             maximum (or minimum) of its neighbors, 2 px wider (or narrower)
    gap_share                fraction of the images with a small gap in the ink
    noise                    maximum standard deviation of Gaussian noise, where full ink is 1
    blur                     maximum mix with the blurred image: negative mixes sharpen
    source                   Simard, Steinkraus and Platt 2003, Best Practices for Convolutional
                             Neural Networks Applied to Visual Document Analysis, section 2, for
                             the elastic displacement
    """

    rotation_degrees: float
    scale: float
    aspect: float
    shear: float
    shift_px: float
    elastic_px: float
    elastic_length_scale_px: float
    stroke: float
    gap_share: float
    noise: float
    blur: float

    def __call__(self, x: Array, rng: Generator) -> Array:
        """Augment a batch of images.

        x        float32 (N, 28, 28), ink in [0, 1], on any device
        returns  float32 (N, 28, 28), ink in [0, 1], on the same device
        """
        x = self._change_stroke_width(x, rng)
        rows, columns = self._source_coordinates(len(x), rng, like=x)
        x = _sample_bilinear(x, rows, columns)
        x = self._add_gaps(x, rng)
        x = self._add_noise(x, rng)
        return self._blur_or_sharpen(x, rng)

    def _source_coordinates(self, count: int, rng: Generator, like: Array) -> tuple[Array, Array]:
        """Draw the distortion of each image, as the source position of each output pixel.

        returns  rows and columns, float32 (N, 28, 28) each
        """
        angle = np.radians(_symmetric(rng, count, self.rotation_degrees))
        height = _factor(rng, count, self.scale)
        width = height * _factor(rng, count, self.aspect)
        shear = _symmetric(rng, count, self.shear)
        # The inverse transform, from an output pixel to its source: shift, rotate, shear, scale.
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shear_scale = np.array([[1 / height, 0 * shear], [shear / width, 1 / width]])
        linear = np.einsum("ijn,jkn->nik", shear_scale, rotation)
        shift = _symmetric(rng, (count, 2, 1), self.shift_px)

        center = (IMAGE_SIDE - 1) / 2
        pixels = np.stack(np.meshgrid(*2 * [np.arange(IMAGE_SIDE) - center], indexing="ij"))
        sources = np.asarray(linear, np.float32, like=like) @ np.asarray(
            pixels.reshape(2, -1), np.float32, like=like
        )
        sources += np.asarray(shift + center, np.float32, like=like)
        sources = sources.reshape(count, 2, IMAGE_SIDE, IMAGE_SIDE)
        sources += self._elastic_field(count, rng, like)
        return sources[:, 0], sources[:, 1]

    def _elastic_field(self, count: int, rng: Generator, like: Array) -> Array:
        """Draw displacement fields: noise on a coarse grid, interpolated with a Gaussian kernel.

        returns  float32 (N, 2, 28, 28), px
        """
        grid = np.linspace(0, IMAGE_SIDE - 1, GRID)
        distances = np.arange(IMAGE_SIDE)[:, None] - grid
        smoothing = np.exp(-((distances / self.elastic_length_scale_px) ** 2) / 2)
        smoothing /= np.sqrt(np.square(smoothing).sum(axis=1, keepdims=True))
        spread = np.asarray(smoothing, np.float32, like=like)
        noise = self.elastic_px * rng.standard_normal((count, 2, GRID, GRID), np.float32)
        return spread @ np.asarray(noise, like=like) @ spread.T

    def _change_stroke_width(self, x: Array, rng: Generator) -> Array:
        """Mix each image with its dilation or erosion."""
        strength = _symmetric(rng, (len(x), 1, 1), self.stroke)
        dilated = _dilate(x)
        eroded = 1 - _dilate(1 - x)
        grow = np.asarray(np.maximum(strength, 0), np.float32, like=x)
        shrink = np.asarray(np.maximum(-strength, 0), np.float32, like=x)
        return x + grow * (dilated - x) + shrink * (eroded - x)

    def _add_gaps(self, x: Array, rng: Generator) -> Array:
        """Erase a narrow straight line, at a random position and angle, in some of the images."""
        count = len(x)
        angle = rng.uniform(0, math.pi, count)
        offset = rng.uniform(-GAP_OFFSET_PX, GAP_OFFSET_PX, count)
        has_gap = rng.random(count) < self.gap_share
        # At a half width of -2 the factor below is 1 everywhere.
        half_width = np.where(has_gap, rng.uniform(*GAP_HALF_WIDTHS_PX, count), -2)
        cos, sin, shift, half = (
            np.asarray(values[:, None, None], np.float32, like=x)
            for values in (np.cos(angle), np.sin(angle), offset, half_width)
        )
        position = np.asarray(np.arange(IMAGE_SIDE) - (IMAGE_SIDE - 1) / 2, np.float32, like=x)
        distance = np.abs(cos * position[:, None] + sin * position - shift)
        return x * np.clip(distance - half, 0, 1)

    def _add_noise(self, x: Array, rng: Generator) -> Array:
        """Add Gaussian noise, of a different strength in each image."""
        strength = rng.uniform(0, self.noise, (len(x), 1, 1)).astype(np.float32)
        noise = strength * rng.standard_normal(x.shape, np.float32)
        return np.clip(x + np.asarray(noise, like=x), 0, 1)

    def _blur_or_sharpen(self, x: Array, rng: Generator) -> Array:
        """Move each image towards, or away from, its blurred version."""
        strength = _symmetric(rng, (len(x), 1, 1), self.blur)
        difference = _blur(x) - x
        return np.clip(x + np.asarray(strength, np.float32, like=x) * difference, 0, 1)


def _symmetric(rng: Generator, shape: int | tuple[int, ...], maximum: float) -> Array:
    """Draw uniformly from [-maximum, maximum]."""
    return rng.uniform(-maximum, maximum, shape)


def _factor(rng: Generator, count: int, maximum: float) -> Array:
    """Draw factors from 1 / (1 + maximum) to 1 + maximum, log-uniformly."""
    return np.exp(_symmetric(rng, count, math.log1p(maximum)))


def _dilate(x: Array) -> Array:
    """Replace each pixel with the maximum of itself and its four neighbors."""
    largest = x.copy()
    for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        largest[:, here] = np.maximum(largest[:, here], x[:, there])
        largest[:, :, here] = np.maximum(largest[:, :, here], x[:, :, there])
    return largest


def _blur(x: Array) -> Array:
    """Convolve with the 3x3 binomial kernel, [1 2 1] / 4 in each direction."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16


def _sample_bilinear(x: Array, rows: Array, columns: Array) -> Array:
    """Sample images between their pixels with bilinear interpolation; there is no ink outside.

    x, rows, columns  float32 (N, 28, 28)
    """
    # Coordinates outside the image are clipped to a border of zeros, one pixel wide.
    side = IMAGE_SIDE + 2
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1))).reshape(len(x), side * side)
    rows = np.clip(rows + 1, 0, side - 1.001)
    columns = np.clip(columns + 1, 0, side - 1.001)
    top, left = np.floor(rows), np.floor(columns)
    down, right = rows - top, columns - left
    corner = (top * side + left).astype(np.int32).reshape(len(x), -1)

    def at(offset: int) -> Array:
        return np.take_along_axis(padded, corner + offset, axis=1).reshape(x.shape)

    upper = at(0) + right * (at(1) - at(0))
    lower = at(side) + right * (at(side + 1) - at(side))
    return upper + down * (lower - upper)
