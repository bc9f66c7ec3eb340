"""Digits that 30 people wrote with a pen on a tablet: read as traces, drawn as pictures.

They are other hands than MNIST's Americans: these writers, of Turkey, cross their sevens and give
their ones a flag and a base.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data import folders
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink

NAME = "pendigits-orig.tra"
SIZE = 3641673  # bytes
SHA256 = "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4"
ORIGIN = (  # where people get it, as part of a sentence
    f"{NAME}.Z from the UCI repository (https://archive.ics.uci.edu/dataset/81, "
    '"Pen-Based Recognition of Handwritten Digits", license CC BY 4.0)'
)

TRAINING_WRITERS = range(1, 21)
DEVELOPMENT_WRITERS = range(21, 31)  # never trained on: a network is judged by them

TABLET = 500  # height of the tablet, in its own units

SHEETS_PX = (28, 300)  # shorter side of the smallest and of the largest sheet that is drawn on
LONGEST = 1.4  # longer side of a sheet, of the shorter
SMALLEST_PX = 16  # longer side of a digit
SHARES = (0.35, 0.85)  # of the sheet's shorter side that a digit's longer side takes
HAIR_PX, FATTEST = 1.0, 1 / 4  # the finest pen; and the fattest, of the digit's longer side
ALIASED = 0.3  # share of the pictures in which edges are hard
TURN = math.radians(5)  # the most, to either side
ASPECT = 1.25  # the most that the width grows or shrinks against the height
SLANT = 0.25  # the most that the top moves aside, of the height
WAVES = 3  # that bend a digit, each across it in a direction of its own
WAVE = 0.02  # standard deviation of how far one of them moves points, of the digit's longer side
TREMBLE = 0.008  # standard deviation of how far the hand strays, of the digit's longer side
TREMBLE_POINTS = 6  # of the trace, over which it does


@dataclass(frozen=True, eq=False)
class Traces:
    """Digits as a pen wrote them, what each of them is, and who wrote them."""

    strokes: Sequence[Sequence[Array]]  # of each digit: float32 (M, 2), x and y downwards
    labels: NDArray[np.uint8]  # (N,) 0 to 9
    writers: NDArray[np.int32]  # (N,) 1 to 30
    hashes: Mapping[str, str] = field(default_factory=dict)  # file name -> SHA-256 of its content

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: Any) -> "Traces":
        """Return the digits that an index array, a boolean mask (N,) or a slice selects."""
        return replace(
            self,
            strokes=[self.strokes[digit] for digit in np.arange(len(self))[which]],
            labels=self.labels[which],
            writers=self.writers[which],
        )


def load(directory: Path | None = None) -> Traces:
    """Load the 7,494 digits of all 30 writers, in the order of their file.

    directory  where the file is; see folders.find()
    raises     DataError if the file is missing or is not the one it should be
    source     F. Alimoglu, E. Alpaydin, "Methods of Combining Multiple Classifiers Based on
               Different Representations for Pen-based Handwriting Recognition", TAINN 1996
    """
    searched = folders.find(directory)
    path = folders.locate(searched, NAME)
    if path is None:
        raise DataError(how_to_get(searched))
    content = folders.read(path, SIZE, SHA256, f"get {ORIGIN}, unpack it and replace the file")
    return replace(read_unipen(content, NAME), hashes={NAME: SHA256})


def how_to_get(searched: Sequence[Path]) -> str:
    """Say in a sentence that folders lack the file, where people get it and where they put it."""
    return (
        f"{folders.lack(searched, [NAME])}: get {ORIGIN}, unpack it and put it there, "
        f"as it is or as .gz; its SHA-256 is {SHA256}."
    )


def of_writers(traces: Traces, writers: Sequence[int]) -> Traces:
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
    """Read digits in the UNIPEN format, as far as their file makes use of it.

    data     a head, then for each digit: .SEGMENT with its label, .COMMENT with the label again,
             the writer and a number, and for each stroke .PEN_DOWN, a line with x and y, y upwards,
             for each point, .PEN_UP and .DT
    name     of the file, for the message
    raises   DataError if a line is wrong, missing or too many
    source   I. Guyon et al., "UNIPEN project of on-line data exchange and recognizer benchmarks",
             ICPR 1994
    """
    head, *segments = data.split(b".SEGMENT DIGIT")
    if not segments or not _HEAD.fullmatch(head):
        raise DataError(f"{name} does not begin as a UNIPEN file of digits does.")
    strokes, labels, writers = [], [], []
    for number, segment in enumerate(segments):
        digit = _DIGIT.fullmatch(segment)
        if digit is None:
            raise DataError(f"{name} is damaged in digit {number}, counted from 0.")
        strokes.append([_points(points) for points in _STROKE.findall(digit["strokes"])])
        labels.append(int(digit["label"]))
        writers.append(int(digit["writer"]))
    return Traces(strokes, np.array(labels, np.uint8), np.array(writers, np.int32))


def _points(lines: bytes) -> Array:
    points = np.array(lines.split(), np.float32).reshape(-1, 2)
    points[:, 1] = TABLET - points[:, 1]
    return points


def render(
    traces: Traces,
    copies: int,
    seed: int,
    clean: Callable[[Pixels], Pixels] = ink.from_ink,
    is_bent: bool = True,
) -> Digits:
    """Draw each digit with pens and on sheets of many sizes, and clean the pictures.

    copies   how often each digit is drawn, each time in another way
    seed     decides the ways; those of a digit also follow from its place in `traces`, and not
             from how many others there are
    is_bent  whether it is bent each time, to train on, as if another hand had written it; if not,
             it stays as its writer wrote it
    clean    makes uint8 (28, 28) of uint8 (H, W), how much each pixel stands out from the sheet
    returns  Digits, `copies` pictures of the first digit, then of the second, ...
    """
    pictures = np.empty((len(traces) * copies, IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for number in range(len(pictures)):
        digit, copy = divmod(number, copies)
        rng = np.random.default_rng((seed, digit, copy))
        pictures[number] = clean(_drawn(traces.strokes[digit], rng, is_bent))
    return Digits(
        pictures,
        np.repeat(traces.labels, copies),
        np.repeat(traces.writers, copies),
        traces.hashes,
    )


def _drawn(strokes: Sequence[Array], rng: Generator, is_bent: bool) -> Pixels:
    """Draw a digit anywhere on a sheet, with any pen.

    Colors are not drawn, nor which of ink and sheet is the lighter, for to tell the one from the
    other is done before a picture is fitted, and afterwards nothing is left of them.

    returns  uint8 (H, W), 255 is full ink
    """
    side = _between(rng, SHEETS_PX)
    height, width = rng.permutation([round(side), round(side * rng.uniform(1, LONGEST))]).tolist()
    size = max(SMALLEST_PX, side * rng.uniform(*SHARES))
    # By order of magnitude, as sheets are, fat pens would be too few for a network to learn them.
    pen_px = HAIR_PX + (FATTEST * size - HAIR_PX) * rng.random() ** 2

    points = np.concatenate(strokes)
    if is_bent:
        points = _bent(points, rng)
    first = points.min(axis=0)
    extent = points.max(axis=0) - first
    scale = (size - pen_px) / max(float(extent.max()), 1)
    free = np.array([width, height]) - scale * extent - pen_px
    points = (points - first) * scale + pen_px / 2 + rng.random(2) * free
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    antialiased = rng.random() >= ALIASED
    return draw(np.split(points, ends), pen_px, (height, width), antialiased)


def _bent(points: Array, rng: Generator) -> Array:
    """Turn, slant, widen, narrow and bend a digit, and let the hand that writes it tremble."""
    angle, slant = rng.uniform(-TURN, TURN), rng.uniform(-SLANT, SLANT)
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    shape = np.array([[_between(rng, (1 / ASPECT, ASPECT)), 0], [slant, 1]])

    places = np.arange(len(points)) / TREMBLE_POINTS
    knots = np.arange(2 + math.ceil(places[-1]))
    size = max(float(np.ptp(points, axis=0).max()), 1)
    strayed = rng.normal(0, TREMBLE * size, (2, len(knots)))
    tremble = np.stack([np.interp(places, knots, aside) for aside in strayed], axis=1)
    # Half a wave to one and a half across the digit: they open and close its loops.
    directions = rng.normal(size=(2, WAVES))
    directions *= rng.uniform(0.5, 1.5, WAVES) / np.linalg.norm(directions, axis=0)
    phases = 2 * math.pi * (points @ directions / size + rng.random(WAVES))
    bend = np.sin(phases) @ rng.normal(0, WAVE * size, (WAVES, 2))
    return (points + tremble + bend) @ shape @ turn


def _between(rng: Generator, limits: tuple[float, float]) -> float:
    """Draw a number, each order of magnitude as likely as the other."""
    return math.exp(rng.uniform(*np.log(limits)))
