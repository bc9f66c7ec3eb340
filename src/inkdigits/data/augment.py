"""Augment training images at random: distortion, stroke width, gaps, noise and blur.

NumPy draws the random numbers, a few per image; all arithmetic on pixels runs on the device that
holds the images.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from inkdigits.arrays import Array, Generator, batch_parts
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.sampling import standard_normal

BYTES_EACH = 23_000  # an image and what is computed on the way
ROW = IMAGE_SIDE + 1  # pixels of a row with a border

GRID = 8  # points of the elastic displacement field in each direction
GAP_OFFSET_PX = 7  # maximum distance of a gap from the center
GAP_HALF_WIDTHS_PX = (0.4, 1.2)  # range

# Augments images, float32 (n, 28, 28), that are a part of the batch. May overwrite them; the first
# step, which is given the batch itself, does not.
Step: TypeAlias = Callable[[Array, slice], Array]


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

    def __call__(self, x: Array, rng: Generator, rows: slice = slice(None)) -> Array:
        """Augment a batch of images.

        x        float32 (N, 28, 28), ink in [0, 1], on any device
        rows     those of the batch to augment; each becomes the same as in the whole batch
        returns  float32 (n, 28, 28), these rows, ink in [0, 1], on the same device
        """
        # Each step draws its random numbers for the whole batch before any image is changed.
        steps = (
            self._stroke_width(x, rng),
            self._distortion(x, rng),
            self._gaps(x, rng),
            self._noise(x, rng),
            self._blur(x, rng),
        )
        first, end, _ = rows.indices(len(x))
        augmented = np.empty_like(x[rows])
        for part in batch_parts(augmented, BYTES_EACH):
            start, stop, _ = part.indices(end - first)
            in_batch = slice(first + start, first + stop)
            images = x[in_batch]
            for step in steps:
                images = step(images, in_batch)
            augmented[part] = images
        return augmented

    def _stroke_width(self, batch: Array, rng: Generator) -> Step:
        """Mix each image with its dilation or erosion."""
        strength = _symmetric(rng, (len(batch), 1, 1), self.stroke)
        strength = np.asarray(strength, np.float32, like=batch)

        def step(x: Array, part: slice) -> Array:
            # Erosion is the dilation of the negative image.
            signed = x * np.sign(strength[part])
            change = _dilate(signed) - signed
            change *= strength[part]
            change += x
            return change

        return step

    def _distortion(self, batch: Array, rng: Generator) -> Step:
        """Rotate, scale, shear and shift each image, and displace its pixels elastically."""
        count = len(batch)
        angle = np.radians(_symmetric(rng, count, self.rotation_degrees))
        height = _factor(rng, count, self.scale)
        width = height * _factor(rng, count, self.aspect)
        shear = _symmetric(rng, count, self.shear)
        # The inverse transform, from an output pixel to its source: shift, rotate, shear, scale.
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shear_scale = np.array([[1 / height, 0 * shear], [shear / width, 1 / width]])
        linear = np.einsum("ijn,jkn->nik", shear_scale, rotation)
        shift = _symmetric(rng, (count, 2, 1), self.shift_px)
        displacements = self.elastic_px * rng.standard_normal((count, 2, GRID, GRID), np.float32)

        center = (IMAGE_SIDE - 1) / 2
        pixels = np.stack(np.meshgrid(*2 * [np.arange(IMAGE_SIDE) - center], indexing="ij"))
        pixels = np.asarray(pixels.reshape(2, -1), np.float32, like=batch)
        linear = np.asarray(linear, np.float32, like=batch)
        shift = np.asarray(shift + center, np.float32, like=batch)
        displacements = np.asarray(displacements, like=batch)
        spread = np.asarray(self._spread(), np.float32, like=batch)

        def step(x: Array, part: slice) -> Array:
            sources = linear[part] @ pixels
            sources += shift[part]
            sources = sources.reshape(len(x), 2, IMAGE_SIDE, IMAGE_SIDE)
            sources += _interpolate(displacements[part], spread)
            return _sample_bilinear(x, sources)

        return step

    def _spread(self) -> Array:
        """Make the matrix that interpolates a line of the coarse grid with a Gaussian kernel.

        returns  float64 (28, GRID), rows of length 1, which keeps the standard deviation
        """
        grid = np.linspace(0, IMAGE_SIDE - 1, GRID)
        distances = np.arange(IMAGE_SIDE)[:, None] - grid
        spread: Array = np.exp(-((distances / self.elastic_length_scale_px) ** 2) / 2)
        return spread / np.sqrt(np.square(spread).sum(axis=1, keepdims=True))

    def _gaps(self, batch: Array, rng: Generator) -> Step:
        """Erase a narrow straight line, at a random position and angle, in some of the images."""
        count = len(batch)
        angle = rng.uniform(0, math.pi, count)
        offset = rng.uniform(-GAP_OFFSET_PX, GAP_OFFSET_PX, count)
        has_gap = rng.random(count) < self.gap_share
        half_width = rng.uniform(*GAP_HALF_WIDTHS_PX, count)
        lines = np.stack([np.cos(angle), np.sin(angle), offset, half_width])
        position = np.asarray(np.arange(IMAGE_SIDE) - (IMAGE_SIDE - 1) / 2, np.float32, like=batch)

        def step(x: Array, part: slice) -> Array:
            chosen = np.flatnonzero(has_gap[part])
            cos, sin, shift, half = np.asarray(
                lines[:, part][:, chosen, None, None], np.float32, like=x
            )
            distance = np.abs(cos * position[:, None] + sin * position - shift)
            x[np.asarray(chosen, like=x)] *= np.clip(distance - half, 0, 1)
            return x

        return step

    def _noise(self, batch: Array, rng: Generator) -> Step:
        """Add Gaussian noise, of a different strength in each image."""
        strength = rng.uniform(0, self.noise, (len(batch), 1, 1)).astype(np.float32)
        noise = standard_normal(rng, batch.shape)

        def step(x: Array, part: slice) -> Array:
            x += np.asarray(strength[part] * noise[part], like=x)
            return np.clip(x, 0, 1, out=x)

        return step

    def _blur(self, batch: Array, rng: Generator) -> Step:
        """Move each image towards, or away from, its blurred version."""
        strength = _symmetric(rng, (len(batch), 1, 1), self.blur)
        strength = np.asarray(strength, np.float32, like=batch)

        def step(x: Array, part: slice) -> Array:
            change = _blur(x) - x
            change *= strength[part]
            x += change
            return np.clip(x, 0, 1, out=x)

        return step


def _symmetric(rng: Generator, shape: int | tuple[int, ...], maximum: float) -> Array:
    """Draw uniformly from [-maximum, maximum]."""
    return rng.uniform(-maximum, maximum, shape)


def _factor(rng: Generator, count: int, maximum: float) -> Array:
    """Draw factors from 1 / (1 + maximum) to 1 + maximum, log-uniformly."""
    return np.exp(_symmetric(rng, count, math.log1p(maximum)))


def _interpolate(displacements: Array, spread: Array) -> Array:
    """Interpolate displacements on a coarse grid.

    displacements  float32 (N, 2, GRID, GRID), px
    spread         float32 (28, GRID)
    returns        float32 (N, 2, 28, 28), px
    """
    # One product per image: BLAS may round a single product over all of them by their number.
    return spread @ (displacements @ spread.T)


def _flatten_with_border(x: Array, border: float) -> Array:
    """Append a row and a column to each image, and flatten all images into one line.

    A pixel's neighbors in the line, at a distance of 1 and of ROW, are those in the image or in
    the border. So all pixels are combined with their neighbors at once, much faster than row by
    row.

    x        float32 (N, 28, 28)
    returns  float32 (N * ROW * ROW,)
    """
    padded = np.full_like(x, border, shape=(len(x), ROW, ROW))
    padded[:, :IMAGE_SIDE, :IMAGE_SIDE] = x
    return padded.reshape(-1)


def _without_border(line: Array) -> Array:
    """Undo `_flatten_with_border`."""
    return line.reshape(-1, ROW, ROW)[:, :IMAGE_SIDE, :IMAGE_SIDE]


def _dilate(x: Array) -> Array:
    """Replace each pixel, between -1 and 1, with the maximum of itself and its four neighbors."""
    line = _flatten_with_border(x, -1)
    largest = line.copy()
    for distance in (1, ROW):
        np.maximum(largest[distance:], line[:-distance], out=largest[distance:])
        np.maximum(largest[:-distance], line[distance:], out=largest[:-distance])
    return _without_border(largest)


def _blur(x: Array) -> Array:
    """Convolve with the 3x3 binomial kernel, [1 2 1] / 4 in each direction."""
    line = _flatten_with_border(x, 0)
    for distance in (1, ROW):
        blurred = line * 0.5
        line *= 0.25
        blurred[distance:] += line[:-distance]
        blurred[:-distance] += line[distance:]
        line = blurred
    return _without_border(line)


def _sample_bilinear(x: Array, sources: Array) -> Array:
    """Sample images between their pixels with bilinear interpolation; there is no ink outside.

    x        float32 (N, 28, 28)
    sources  float32 (N, 2, 28, 28), rows and columns; overwritten
    returns  float32 (N, 28, 28)
    """
    # Coordinates outside the image are clipped to a border of zeros, one pixel wide.
    side = IMAGE_SIDE + 2
    padded = np.zeros_like(x, shape=(len(x), side, side))
    padded[:, 1:-1, 1:-1] = x
    pixels = padded.reshape(-1)
    sources += 1
    # At the last pixel itself, the next one would be outside.
    np.clip(sources, 0, np.nextafter(np.float32(side - 1), np.float32(0)), out=sources)
    whole = np.floor(sources)
    sources -= whole
    down, right = sources[:, 0], sources[:, 1]
    # An index into the pixels of all images: much faster than one for each image.
    corner = (side * whole[:, 0] + whole[:, 1]).astype(np.intp)
    corner += np.asarray(side**2 * np.arange(len(x)), like=x)[:, None, None]

    def row(offset: int) -> Array:
        left, between = pixels[offset:].take(corner), pixels[offset + 1 :].take(corner)
        between -= left
        between *= right
        between += left
        return between

    upper, sampled = row(0), row(side)
    sampled -= upper
    sampled *= down
    sampled += upper
    return sampled
