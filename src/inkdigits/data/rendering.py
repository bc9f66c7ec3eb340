"""Render pen traces as images: with any pen, at any size and place, and distorted for training."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.chunks import OnProgress, make_in_chunks, no_progress
from inkdigits.data.mnist import Digits
from inkdigits.data.sampling import log_uniform
from inkdigits.data.traces import Traces
from inkdigits.data.variation import VARIATION, Variation, resampled, vary
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink


@dataclass(frozen=True)
class Rendering:
    """How traces are drawn: the canvas, the size and position of the digit, and the pen.

    canvas_px         range of the shorter side, log-uniform
    max_aspect        maximum ratio of the longer side to the shorter
    min_digit_px      minimum of the digit's longer side
    digit_share       range of the digit's longer side, as a fraction of the canvas's shorter side
    min_pen_px        finest pen
    max_pen_share     widest pen, as a fraction of the digit's longer side
    aliased_share     fraction of the images without antialiasing
    dotted_share      fraction of the images in which strokes are rows of dots, as of a fast mouse
    dot_distance      range of the distance between two dots, in widths of the pen ...
    dot_limits        ... and its minimum and maximum, as fractions of the digit's longer side
    """

    canvas_px: tuple[float, float] = (28, 300)
    max_aspect: float = 1.4
    min_digit_px: float = 16
    digit_share: tuple[float, float] = (0.35, 0.85)
    min_pen_px: float = 1.0
    max_pen_share: float = 1 / 4
    aliased_share: float = 0.3
    dotted_share: float = 0.04
    dot_distance: tuple[float, float] = (0.8, 2.0)
    dot_limits: tuple[float, float] = (0.04, 0.14)


@dataclass(frozen=True)
class Distortion:
    """How traces are distorted for training, as if someone else had written them.

    rotation       maximum in either direction, radians
    aspect         maximum factor by which the width grows or shrinks
    shear          maximum shift of the top, as a fraction of the height
    strong_share   fraction of the images with the following maxima in their place, but not of 1s
                   and 7s, which would turn into each other
    strong_aspect, strong_shear
    waves          number of sine waves added, each across the digit in its own direction
    wave           standard deviation of a wave's amplitude, as a fraction of the longer side
    jitter         standard deviation of the pen's jitter, as a fraction of the longer side
    jitter_points  points of the trace between two independent values of the jitter
    """

    rotation: float = math.radians(5)
    aspect: float = 1.25
    shear: float = 0.25
    strong_share: float = 0.12
    strong_aspect: float = 2.0
    strong_shear: float = 0.5
    waves: int = 3
    wave: float = 0.02
    jitter: float = 0.008
    jitter_points: int = 6


RENDERING = Rendering()
DISTORTION = Distortion()


def render(
    traces: Traces,
    copies: int | NDArray[np.int_],
    seed: int,
    preprocess: Callable[[Pixels], Pixels] = ink.from_ink,
    variation: Variation | None = VARIATION,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> Digits:
    """Draw each digit with random pens on canvases of random sizes, and preprocess the images.

    copies       number of images per digit, each rendered differently: one number for all digits,
                 or int (N,)
    seed         makes the images reproducible; those of a digit also depend on its index in
                 `traces`, but not on how many digits there are
    preprocess   maps ink, uint8 (H, W), to uint8 (28, 28)
    variation    how to vary the handwriting of each image, which is distorted too, for training;
                 None keeps the shape that the digit's writer gave it
    workers      processes to use; the images are the same for any number
    on_progress  called with the number of images that are done
    returns      Digits: all images of the first digit, then of the second, ...
    """
    copies = np.broadcast_to(copies, len(traces))
    sources = [
        _Source(strokes, int(label), (seed, digit, copy))
        for digit, (strokes, label) in enumerate(zip(traces.strokes, traces.labels, strict=True))
        for copy in range(copies[digit])
    ]
    make = partial(_render_chunk, preprocess=preprocess, variation=variation)
    return Digits(
        make_in_chunks(make, sources, workers, on_progress),
        np.repeat(traces.labels, copies),
        np.repeat(traces.writers, copies),
        traces.hashes,
    )


@dataclass(frozen=True, eq=False)
class _Source:
    """What one image is rendered from."""

    strokes: Sequence[Array]
    label: int
    seed: tuple[int, int, int]


def _render_chunk(
    first: int,
    sources: Sequence[_Source],
    preprocess: Callable[[Pixels], Pixels],
    variation: Variation | None,
) -> Pixels:
    images = np.empty((len(sources), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for number, source in enumerate(sources):
        rng = np.random.default_rng(source.seed)
        strokes = source.strokes
        if variation is not None:
            strokes = distort(vary(strokes, source.label, rng, variation), source.label, rng)
        images[number] = preprocess(_render(strokes, rng, is_varied=variation is not None))
    return images


def _render(strokes: Sequence[Array], rng: Generator, is_varied: bool) -> Pixels:
    """Draw a digit at a random size and position, with a random pen.

    Colors and polarity are not varied: preprocessing starts by extracting the ink, which removes
    them.

    returns  uint8 (H, W), 255 is full ink
    """
    side = log_uniform(rng, RENDERING.canvas_px)
    longer_side = side * rng.uniform(1, RENDERING.max_aspect)
    height, width = rng.permutation([round(side), round(longer_side)]).tolist()
    size = max(RENDERING.min_digit_px, side * rng.uniform(*RENDERING.digit_share))
    # Not log-uniform, as the canvas is: wide pens would be too rare for a network to learn them.
    min_pen_px, max_pen_px = RENDERING.min_pen_px, RENDERING.max_pen_share * size
    pen_px = min_pen_px + (max_pen_px - min_pen_px) * rng.random() ** 2

    points = np.concatenate(strokes)
    top_left = points.min(axis=0)
    extent = points.max(axis=0) - top_left
    scale = (size - pen_px) / max(float(extent.max()), 1e-6)
    free = np.array([width, height]) - scale * extent - pen_px
    points = (points - top_left) * scale + pen_px / 2 + rng.random(2) * free
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    placed = np.split(points, ends)
    antialiased = rng.random() >= RENDERING.aliased_share
    if is_varied and rng.random() < RENDERING.dotted_share:
        distance = pen_px * rng.uniform(*RENDERING.dot_distance)
        closest, farthest = RENDERING.dot_limits
        distance = min(max(distance, closest * size), farthest * size)
        placed = [dot[None] for stroke in placed for dot in resampled(stroke, distance)]
    return draw(placed, pen_px, (height, width), antialiased)


def distort(strokes: Sequence[Array], label: int, rng: Generator) -> list[Array]:
    """Apply a random rotation, shear, aspect, waves and jitter to a digit."""
    points = np.concatenate(strokes)
    angle = rng.uniform(-DISTORTION.rotation, DISTORTION.rotation)
    aspect, max_shear = DISTORTION.aspect, DISTORTION.shear
    if label not in (1, 7) and rng.random() < DISTORTION.strong_share:
        aspect, max_shear = DISTORTION.strong_aspect, DISTORTION.strong_shear
    shear = rng.uniform(-max_shear, max_shear)
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, sin], [-sin, cos]])
    width = log_uniform(rng, (1 / aspect, aspect))
    shear_scale = np.array([[width, 0], [shear, 1]])

    positions = np.arange(len(points)) / DISTORTION.jitter_points
    knots = np.arange(2 + math.ceil(positions[-1]))
    size = max(float(np.ptp(points, axis=0).max()), 1e-6)
    offsets = rng.normal(0, DISTORTION.jitter * size, (2, len(knots)))
    jitter = np.stack([np.interp(positions, knots, axis) for axis in offsets], axis=1)
    # Between half a period and one and a half across the digit: enough to open and close loops.
    waves = DISTORTION.waves
    frequencies = rng.normal(size=(2, waves))
    frequencies *= rng.uniform(0.5, 1.5, waves) / np.linalg.norm(frequencies, axis=0)
    phases = 2 * math.pi * (points @ frequencies / size + rng.random(waves))
    wave = np.sin(phases) @ rng.normal(0, DISTORTION.wave * size, (waves, 2))
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    return np.split((points + jitter + wave) @ shear_scale @ rotation, ends)
