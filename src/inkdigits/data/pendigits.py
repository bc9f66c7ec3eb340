"""Load the Pendigits data set, pen trajectories of 30 writers, and render it as images.

MNIST was written by Americans. These writers, from Turkey, cross their sevens and write their ones
with an upstroke and a base.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data import folders
from inkdigits.data.chunks import OnProgress, make_in_chunks, no_progress
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits
from inkdigits.data.sampling import log_uniform
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink

NAME = "pendigits-orig.tra"
SIZE = 3641673  # bytes
SHA256 = "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4"
ORIGIN = (  # where to get it, as part of a sentence
    f"{NAME}.Z from the UCI repository (https://archive.ics.uci.edu/dataset/81, "
    '"Pen-Based Recognition of Handwritten Digits", license CC BY 4.0)'
)

TRAINING_WRITERS = range(1, 21)
DEVELOPMENT_WRITERS = range(21, 31)  # never trained on, only evaluated

TABLET_HEIGHT = 500  # in the units of the file, where y points up


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
    """

    canvas_px: tuple[float, float] = (28, 300)
    max_aspect: float = 1.4
    min_digit_px: float = 16
    digit_share: tuple[float, float] = (0.35, 0.85)
    min_pen_px: float = 1.0
    max_pen_share: float = 1 / 4
    aliased_share: float = 0.3


@dataclass(frozen=True)
class Distortion:
    """How traces are distorted for training, as if someone else had written them.

    rotation       maximum in either direction, radians
    aspect         maximum factor by which the width grows or shrinks
    shear          maximum shift of the top, as a fraction of the height
    waves          number of sine waves added, each across the digit in its own direction
    wave           standard deviation of a wave's amplitude, as a fraction of the longer side
    jitter         standard deviation of the pen's jitter, as a fraction of the longer side
    jitter_points  points of the trace between two independent values of the jitter
    """

    rotation: float = math.radians(5)
    aspect: float = 1.25
    shear: float = 0.25
    waves: int = 3
    wave: float = 0.02
    jitter: float = 0.008
    jitter_points: int = 6


RENDERING = Rendering()
DISTORTION = Distortion()


@dataclass(frozen=True, eq=False)
class Traces:
    """Pen trajectories of handwritten digits with their labels and writers."""

    strokes: Sequence[Sequence[Array]]  # of each digit: float32 (M, 2), x and y downwards
    labels: NDArray[np.uint8]  # (N,) 0 to 9
    writers: NDArray[np.int32]  # (N,) 1 to 30
    hashes: Mapping[str, str] = field(default_factory=dict)  # file name -> SHA-256 of its content

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, selection: Any) -> "Traces":
        """Return the digits selected by an index array, a boolean mask (N,) or a slice."""
        return replace(
            self,
            strokes=[self.strokes[digit] for digit in np.arange(len(self))[selection]],
            labels=self.labels[selection],
            writers=self.writers[selection],
        )


def load(directory: Path | None = None) -> Traces:
    """Load the 7,494 digits of all 30 writers, in file order.

    directory  where the file is; see folders.search_paths()
    raises     DataError if the file is missing or has the wrong hash
    source     F. Alimoglu, E. Alpaydin, "Methods of Combining Multiple Classifiers Based on
               Different Representations for Pen-based Handwriting Recognition", TAINN 1996
    """
    paths = folders.search_paths(directory)
    path = folders.find_file(paths, NAME)
    if path is None:
        raise DataError(missing_message(paths))
    remedy = f"get {ORIGIN}, uncompress it and replace the file"
    content = folders.read_verified(path, SIZE, SHA256, remedy)
    return replace(read_unipen(content, NAME), hashes={NAME: SHA256})


def missing_message(paths: Sequence[Path]) -> str:
    """Return a sentence saying that the file is missing, where to get it and where to put it."""
    return (
        f"{folders.missing_files_message(paths, [NAME])}: get {ORIGIN}, uncompress it and copy it "
        f"there (a .gz is accepted too); its SHA-256 is {SHA256}."
    )


def select_writers(traces: Traces, writers: Sequence[int]) -> Traces:
    """Return the digits of some of the writers, in the same order."""
    return traces.take(np.isin(traces.writers, writers))


_HEAD = re.compile(rb"(?:\s|\.(?:INCLUDE|LEXICON|HIERARCHY)\s[^\n]*\n)*")
_STROKE = re.compile(rb"\.PEN_DOWN\n((?: *-?\d{1,5} +-?\d{1,5}\n)+)\.PEN_UP\n\.DT \d+\n")
_DIGIT = re.compile(
    rb' +\d+(?:-\d+)? \? "(?P<label>\d)"\n'
    rb"\.COMMENT (?P=label) +(?P<writer>\d{1,5}) +\d+\n"
    rb"(?P<strokes>(?:%s)+)\s*" % _STROKE.pattern
)


def read_unipen(data: bytes, name: str) -> Traces:
    """Parse digits in the subset of the UNIPEN format that Pendigits uses, strictly.

    data     a header, then for each digit: .SEGMENT with its label, .COMMENT with the label again,
             the writer and a number, and for each stroke .PEN_DOWN, a line with x and y, y upwards,
             for each point, .PEN_UP and .DT
    name     of the file, for error messages
    raises   DataError if a line is wrong, missing, or left over
    source   I. Guyon et al., "UNIPEN project of on-line data exchange and recognizer benchmarks",
             ICPR 1994
    """
    head, *segments = data.split(b".SEGMENT DIGIT")
    if not segments or not _HEAD.fullmatch(head):
        raise DataError(f"{name} is not a UNIPEN file of digits.")
    strokes, labels, writers = [], [], []
    for number, segment in enumerate(segments):
        digit = _DIGIT.fullmatch(segment)
        if digit is None:
            raise DataError(f"{name} is damaged at digit {number}, counted from 0.")
        strokes.append([_points(lines) for lines in _STROKE.findall(digit["strokes"])])
        labels.append(int(digit["label"]))
        writers.append(int(digit["writer"]))
    return Traces(strokes, np.array(labels, np.uint8), np.array(writers, np.int32))


def _points(lines: bytes) -> Array:
    points = np.array(lines.split(), np.float32).reshape(-1, 2)
    points[:, 1] = TABLET_HEIGHT - points[:, 1]
    return points


def render(
    traces: Traces,
    copies: int,
    seed: int,
    preprocess: Callable[[Pixels], Pixels] = ink.from_ink,
    distort: bool = True,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> Digits:
    """Draw each digit with random pens on canvases of random sizes, and preprocess the images.

    copies       number of images per digit, each rendered differently
    seed         makes the images reproducible; those of a digit also depend on its index in
                 `traces`, but not on how many digits there are
    preprocess   maps ink, uint8 (H, W), to uint8 (28, 28)
    distort      whether to vary the handwriting of each image too, for training; otherwise the
                 digit keeps the shape that its writer gave it
    workers      processes to use; the images are the same for any number
    on_progress  called with the number of images that are done
    returns      Digits: `copies` images of the first digit, then of the second, ...
    """
    make = partial(_render_chunk, copies=copies, seed=seed, preprocess=preprocess, distort=distort)
    strokes_of_images = [strokes for strokes in traces.strokes for _ in range(copies)]
    return Digits(
        make_in_chunks(make, strokes_of_images, workers, on_progress),
        np.repeat(traces.labels, copies),
        np.repeat(traces.writers, copies),
        traces.hashes,
    )


def _render_chunk(
    first: int,
    strokes_of_images: Sequence[Sequence[Array]],
    copies: int,
    seed: int,
    preprocess: Callable[[Pixels], Pixels],
    distort: bool,
) -> Pixels:
    images = np.empty((len(strokes_of_images), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for number, strokes in enumerate(strokes_of_images):
        rng = np.random.default_rng((seed, *divmod(first + number, copies)))
        images[number] = preprocess(_render(strokes, rng, distort))
    return images


def _render(strokes: Sequence[Array], rng: Generator, distort: bool) -> Pixels:
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
    if distort:
        points = _distort(points, rng)
    top_left = points.min(axis=0)
    extent = points.max(axis=0) - top_left
    scale = (size - pen_px) / max(float(extent.max()), 1)
    free = np.array([width, height]) - scale * extent - pen_px
    points = (points - top_left) * scale + pen_px / 2 + rng.random(2) * free
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    antialiased = rng.random() >= RENDERING.aliased_share
    return draw(np.split(points, ends), pen_px, (height, width), antialiased)


def _distort(points: Array, rng: Generator) -> Array:
    """Apply a random rotation, shear, aspect, waves and jitter to the points of a digit."""
    angle = rng.uniform(-DISTORTION.rotation, DISTORTION.rotation)
    shear = rng.uniform(-DISTORTION.shear, DISTORTION.shear)
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, sin], [-sin, cos]])
    width = log_uniform(rng, (1 / DISTORTION.aspect, DISTORTION.aspect))
    shear_scale = np.array([[width, 0], [shear, 1]])

    positions = np.arange(len(points)) / DISTORTION.jitter_points
    knots = np.arange(2 + math.ceil(positions[-1]))
    size = max(float(np.ptp(points, axis=0).max()), 1)
    offsets = rng.normal(0, DISTORTION.jitter * size, (2, len(knots)))
    jitter = np.stack([np.interp(positions, knots, axis) for axis in offsets], axis=1)
    # Between half a period and one and a half across the digit: enough to open and close loops.
    waves = DISTORTION.waves
    frequencies = rng.normal(size=(2, waves))
    frequencies *= rng.uniform(0.5, 1.5, waves) / np.linalg.norm(frequencies, axis=0)
    phases = 2 * math.pi * (points @ frequencies / size + rng.random(waves))
    wave = np.sin(phases) @ rng.normal(0, DISTORTION.wave * size, (waves, 2))
    return (points + jitter + wave) @ shear_scale @ rotation
