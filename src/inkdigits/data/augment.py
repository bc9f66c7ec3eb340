"""Changes training pictures at random, as other hands and other pens would have written them.

Pictures of any device come back on theirs: the chances are drawn by NumPy, a few numbers a
picture, and all arithmetic on pixels is done where the pictures are.
"""

import math
from dataclasses import dataclass

import numpy as np

from inkdigits.arrays import Array, Generator

SIDE = 28  # of a picture, in pixels
GRID = 8  # points of the elastic field in each direction


@dataclass(frozen=True)
class Augment:
    """How strongly pictures are changed; each change is drawn for each picture on its own.

    rotation_degrees  the most, to either side
    scale, aspect     the most that a picture, or its width against its height, grows or shrinks:
                      0.1 is by a factor between 1 / 1.1 and 1.1
    shear             the most that the top moves against the bottom, as a share of the height
    shift_px          the most, in each direction
    elastic_px        standard deviation of how far the elastic field moves a point
    elastic_grain_px  over what distance neighbors move alike
    stroke            the most that strokes grow towards, or shrink from, a width of 2 px more
    gap_share         share of the pictures in which the pen left out a small gap
    noise             the most standard deviation of gray noise, of 1
    blur              the most that pixels are drawn towards, or from, the mean of their neighbors
    source            Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural
                      Networks Applied to Visual Document Analysis, section 2, for the elastic field
    """

    rotation_degrees: float = 15.0
    scale: float = 0.15
    aspect: float = 0.15
    shear: float = 0.2
    shift_px: float = 2.0
    elastic_px: float = 1.2
    elastic_grain_px: float = 4.0
    stroke: float = 0.5
    gap_share: float = 0.1
    noise: float = 0.05
    blur: float = 0.5

    def __call__(self, x: Array, rng: Generator) -> Array:
        """Change a batch of pictures.

        x        float32 (N, 28, 28), ink in [0, 1], on any device
        returns  float32 (N, 28, 28), ink in [0, 1], on the same device
        """
        x = self._with_another_pen(x, rng)
        rows, columns = self._sources(len(x), rng, like=x)
        x = _sampled(x, rows, columns)
        x = self._with_gaps(x, rng)
        x = self._with_noise(x, rng)
        return self._blurred_or_sharpened(x, rng)

    def _sources(self, count: int, rng: Generator, like: Array) -> tuple[Array, Array]:
        """Draw where each pixel comes from.

        returns  rows and columns, float32 (N, 28, 28) each
        """
        angle = np.radians(_either(rng, count, self.rotation_degrees))
        height = _factor(rng, count, self.scale)
        width = height * _factor(rng, count, self.aspect)
        shear = _either(rng, count, self.shear)
        # From a pixel back to its source: shift, turn, shear, scale.
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        lean = np.array([[1 / height, 0 * shear], [shear / width, 1 / width]])
        linear = np.einsum("ijn,jkn->nik", lean, turn)
        shift = _either(rng, (count, 2, 1), self.shift_px)

        middle = (SIDE - 1) / 2
        places = np.stack(np.meshgrid(*2 * [np.arange(SIDE) - middle], indexing="ij"))
        sources = np.asarray(linear, np.float32, like=like) @ np.asarray(
            places.reshape(2, -1), np.float32, like=like
        )
        sources += np.asarray(shift + middle, np.float32, like=like)
        sources = sources.reshape(count, 2, SIDE, SIDE)
        sources += self._elastic_field(count, rng, like)
        return sources[:, 0], sources[:, 1]

    def _elastic_field(self, count: int, rng: Generator, like: Array) -> Array:
        """Draw how far each pixel is moved: noise on a coarse grid, made smooth by a Gaussian.

        returns  float32 (N, 2, 28, 28), px
        """
        grid = np.linspace(0, SIDE - 1, GRID)
        distances = np.arange(SIDE)[:, None] - grid
        smoothing = np.exp(-((distances / self.elastic_grain_px) ** 2) / 2)
        smoothing /= np.sqrt(np.square(smoothing).sum(axis=1, keepdims=True))
        spread = np.asarray(smoothing, np.float32, like=like)
        noise = self.elastic_px * rng.standard_normal((count, 2, GRID, GRID), np.float32)
        return spread @ np.asarray(noise, like=like) @ spread.T

    def _with_another_pen(self, x: Array, rng: Generator) -> Array:
        """Make the strokes of each picture finer or fatter."""
        strength = _either(rng, (len(x), 1, 1), self.stroke)
        fatter = _largest_of_neighbors(x)
        finer = 1 - _largest_of_neighbors(1 - x)
        grow = np.asarray(np.maximum(strength, 0), np.float32, like=x)
        shrink = np.asarray(np.maximum(-strength, 0), np.float32, like=x)
        return x + grow * (fatter - x) + shrink * (finer - x)

    def _with_gaps(self, x: Array, rng: Generator) -> Array:
        """Leave a narrow straight gap, at any place and of any direction, in some pictures."""
        count = len(x)
        angle = rng.uniform(0, math.pi, count)
        offset = rng.uniform(-7, 7, count)
        half_width = np.where(rng.random(count) < self.gap_share, rng.uniform(0.4, 1.2, count), -2)
        middle = np.arange(SIDE) - (SIDE - 1) / 2
        across = [np.cos(angle), np.sin(angle), offset, half_width]
        cos, sin, off, half = (
            np.asarray(values[:, None, None], np.float32, like=x) for values in across
        )
        place = np.asarray(middle, np.float32, like=x)
        distance = np.abs(cos * place[:, None] + sin * place - off)
        return x * np.clip(distance - half, 0, 1)

    def _with_noise(self, x: Array, rng: Generator) -> Array:
        """Add gray noise of a strength of its own to each picture."""
        strength = rng.uniform(0, self.noise, (len(x), 1, 1)).astype(np.float32)
        noise = strength * rng.standard_normal(x.shape, np.float32)
        return np.clip(x + np.asarray(noise, like=x), 0, 1)

    def _blurred_or_sharpened(self, x: Array, rng: Generator) -> Array:
        """Mix each picture with its blurred self, or take some of that away from it."""
        strength = _either(rng, (len(x), 1, 1), self.blur)
        difference = _blurred(x) - x
        return np.clip(x + np.asarray(strength, np.float32, like=x) * difference, 0, 1)


def _either(rng: Generator, shape: int | tuple[int, ...], most: float) -> Array:
    """Draw amounts of either sign."""
    return rng.uniform(-most, most, shape)


def _factor(rng: Generator, count: int, most: float) -> Array:
    """Draw factors from 1 / (1 + most) to 1 + most."""
    return np.exp(_either(rng, count, math.log1p(most)))


def _largest_of_neighbors(x: Array) -> Array:
    """Give each pixel the largest value of its own and its four neighbors."""
    largest = x.copy()
    for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        largest[:, here] = np.maximum(largest[:, here], x[:, there])
        largest[:, :, here] = np.maximum(largest[:, :, here], x[:, :, there])
    return largest


def _blurred(x: Array) -> Array:
    """Give each pixel a mean of itself and its eight neighbors: a quarter, and less far out."""
    framed = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    rows = framed[:, :-2] + 2 * framed[:, 1:-1] + framed[:, 2:]
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16


def _sampled(x: Array, rows: Array, columns: Array) -> Array:
    """Read pictures between their pixels, bilinearly; beyond the border there is no ink.

    x, rows, columns  float32 (N, 28, 28)
    """
    side = SIDE + 2  # with a frame of zeros, to which all is clipped that lies outside
    framed = np.pad(x, ((0, 0), (1, 1), (1, 1))).reshape(len(x), side * side)
    rows = np.clip(rows + 1, 0, side - 1.001)
    columns = np.clip(columns + 1, 0, side - 1.001)
    top, left = np.floor(rows), np.floor(columns)
    down, right = rows - top, columns - left
    corner = (top * side + left).astype(np.int32).reshape(len(x), -1)

    def at(offset: int) -> Array:
        return np.take_along_axis(framed, corner + offset, axis=1).reshape(x.shape)

    upper = at(0) + right * (at(1) - at(0))
    lower = at(side) + right * (at(side + 1) - at(side))
    return upper + down * (lower - upper)
