"""Digits of shapes that are rare in the data sets and common elsewhere, such as slashed zeros.

They share no code with the shapes that models are trained on. Where two digits would look alike,
such as a 1 with a long, flat upstroke and a 7, the parameters are chosen again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from pens import coverage
from picture_parts import in_unit_box, inked, placed, saved, sheet
from stroke_styles import boxy, dotted
from tracing import Stroke, trace

from inkdigits.arrays import Array, Generator
from inkdigits.data import pendigits, unipen
from inkdigits.data.mnist import Digits
from inkdigits.data.traces import Traces, select_writers

SEED = 0
# Width of the pens relative to the digit: a hairline, a ballpoint pen, a marker and a brush.
PENS = ((0.01, 0.02), (0.03, 0.06), (0.07, 0.11), (0.13, 0.18))
# Finer dots would be too far apart to be seen as a line, and with broader ones few would be left.
DOTS = (0.045, 0.11)


@dataclass(frozen=True, eq=False)
class Sources:
    """Real digits from which some of the kinds are made.

    digits   any digits of MNIST
    sevens   strokes of sevens without a crossbar
    """

    digits: Digits
    sevens: Sequence[list[Stroke]]


@dataclass(frozen=True)
class MadeDigit:
    """The shape of a digit.

    strokes   in a box whose longer side is 1
    is_dotted whether only dots of the strokes are drawn
    """

    label: int
    strokes: list[Stroke]
    is_dotted: bool = False


Make: TypeAlias = Callable[[Generator, Sources], MadeDigit]


@dataclass(frozen=True)
class Kind:
    """A kind of digit, and the share that should be accepted and recognized."""

    make: Make
    aim: float


def load_sevens() -> list[list[Stroke]]:
    """Load the sevens without a crossbar of writers that no model is trained on."""
    pen = select_writers(pendigits.load(), pendigits.DEVELOPMENT_WRITERS)
    tablets = unipen.select_contributors(unipen.load(), unipen.DEVELOPMENT_CONTRIBUTORS)
    return uncrossed_sevens(pen) + uncrossed_sevens(tablets)


def uncrossed_sevens(traces: Traces) -> list[list[Stroke]]:
    """Select the sevens of one stroke: a crossbar is a second one."""
    return [
        in_unit_box([np.asarray(strokes[0], np.float64)[:, ::-1]])
        for strokes, label in zip(traces.strokes, traces.labels, strict=True)
        if label == 7 and len(strokes) == 1
    ]


# Shapes made of parameters; (row, column), the stem or the height is 1


def _bent(start: Array, end: Array, bow: float) -> Stroke:
    """Draw a line that is bent sideways by a share of its length."""
    along = np.linspace(0, 1, 16)[:, None]
    chord = end - start
    aside = np.array([-chord[1], chord[0]])
    return start + along * chord + 4 * bow * along * (1 - along) * aside


def _away(degrees: float, length: float) -> Array:
    """Return a step downwards, turned to the left by some degrees."""
    angle = np.radians(degrees)
    return length * np.array([np.cos(angle), -np.sin(angle)])


def upstroked_one(rng: Generator, sources: Sources) -> MadeDigit:
    """Make a 1 with an upstroke of a tenth to the whole of the stem, with or without a base."""
    has_base = rng.random() < 0.4
    while True:
        lean = rng.uniform(-10, 30)  # of the stem, to the right
        between = rng.uniform(10, 65)  # upstroke and stem
        length = rng.uniform(0.1, 0.6 if has_base else 1)  # a longer one and a base are a triangle
        # A flatter one is the bar of a 7, or with a base of a 2.
        flattest = 50 if has_base else 68 if length < 0.5 else 58
        if lean + between <= flattest:
            break
    top = np.zeros(2)
    tip, foot = _away(lean + between, length), _away(lean, 1)
    upstroke = _bent(tip, top, rng.normal(0, 0.03))
    stem = _bent(top, foot, rng.normal(0, 0.02))
    strokes = [np.concatenate([upstroke, stem[1:]])]
    if has_base:
        left, right = rng.uniform(0.12, 0.4, 2)
        tilt = rng.normal(0, 0.02)
        strokes.append(foot + np.array([[tilt, -left], [-tilt, right]]))
    return MadeDigit(1, in_unit_box(strokes))


def uncrossed_seven(rng: Generator, sources: Sources) -> MadeDigit:
    """Make a 7 without a crossbar, with or without a serif."""
    corner = np.zeros(2)
    droop = rng.uniform(-12, 12)  # of the left end, in degrees
    bar_start = _away(90 - droop, rng.uniform(0.4, 0.95))
    foot = _away(rng.uniform(5, 42), 1)
    bar = _bent(bar_start, corner, rng.normal(0, 0.03))
    stem = _bent(corner, foot, rng.normal(0, 0.04))
    stroke = np.concatenate([bar, stem[1:]])
    if rng.random() < 0.25:
        serif = bar_start + _away(rng.uniform(-20, 20), rng.uniform(0.07, 0.18))
        stroke = np.concatenate([serif[None], stroke])
    return MadeDigit(7, in_unit_box([stroke]))


def written_seven(rng: Generator, sources: Sources) -> MadeDigit:
    """Take a 7 without a crossbar that was written with a pen."""
    return MadeDigit(7, sources.sevens[int(rng.integers(len(sources.sevens)))])


def slashed_zero(rng: Generator, sources: Sources) -> MadeDigit:
    """Make a 0 with a slash of either slope, which stays inside or goes beyond."""
    narrow = rng.uniform(0.5, 1)
    turn = rng.uniform(0, 2 * np.pi)
    # It may stay a bit open, or overlap.
    angles = turn + np.linspace(0, 2 * np.pi + rng.uniform(-0.25, 0.3), 60)
    radius = 1 + rng.normal(0, 0.03) * np.cos(2 * angles) + rng.normal(0, 0.03) * np.cos(3 * angles)
    lean = rng.uniform(-0.15, 0.3)
    rows, columns = -radius * np.sin(angles), narrow * radius * np.cos(angles)
    ring = np.stack([rows, columns - lean * rows], axis=1)
    slope = np.radians(rng.uniform(30, 65))
    rise, run = np.sin(slope), np.cos(slope)
    reach = 1 / np.hypot(rise, run / narrow)  # of the ellipse in this direction
    half = reach * rng.uniform(0.6, 1.45) * np.array([-rise, run * rng.choice([-1, 1])])
    middle = rng.normal(0, 0.06, 2)
    slash = _bent(middle - half, middle + half, rng.normal(0, 0.02))
    return MadeDigit(0, in_unit_box([ring, slash]))


# Corners of digits of straight lines; each label has one to three forms, of one or two strokes.
BOXY = {
    0: ["00 01 11 10 00"],
    1: ["05 15", "22 05 15", "22 05 15, 12 18"],
    2: ["00 01 51 50 10 11", "00 01 10 11", "20 00 01 51 10 11"],
    3: ["00 01 11 10, 52 51", "00 01 54 11 10", "00 01 51 52 51 11 10"],
    4: ["00 50 51, 01 11", "05 60 61, 35 15", "07 60 61, 07 17"],
    5: ["01 00 50 51 11 10"],
    6: ["01 00 10 11 51 50", "00 10 11 51 50"],
    7: ["00 01 11", "00 01 13", "20 00 01 14"],
    8: ["00 01 11 10 00, 50 51", "50 00 01 51 50 10 11 51"],
    9: ["51 50 00 01 11 10", "51 50 00 01 11"],
}


def boxy_digit(rng: Generator, sources: Sources) -> MadeDigit:
    """Make a digit of straight lines, like that of a calculator, by an unsteady hand."""
    label = int(rng.integers(10))
    form = BOXY[label][rng.integers(len(BOXY[label]))]
    scale = np.array([1, rng.uniform(0.45, 0.9)])
    moved: dict[str, Array] = {}
    strokes = []
    for stroke in form.split(", "):
        for name in stroke.split():
            moved.setdefault(name, (_corner(name) + rng.normal(0, 0.025, 2)) * scale)
        strokes.append(np.array([moved[name] for name in stroke.split()]))
    lean = rng.uniform(-0.1, 0.2)
    strokes = [stroke @ np.array([[1, -lean], [0, 1]]) for stroke in strokes]
    return MadeDigit(label, in_unit_box(strokes))


def _corner(name: str) -> Array:
    """Return the place that two digits name: tenths of the height and width, and 1 for the end."""
    return np.array([1.0 if digit == "1" else int(digit) / 10 for digit in name])


def boxy_trace(rng: Generator, sources: Sources) -> MadeDigit:
    """Simplify a real digit until few straight lines are left."""
    number = rng.integers(len(sources.digits))
    strokes = boxy(trace(sources.digits.images[number]), rng)
    return MadeDigit(int(sources.digits.labels[number]), in_unit_box(strokes))


def dotted_trace(rng: Generator, sources: Sources) -> MadeDigit:
    """Draw a real digit with the dots of a fast mouse."""
    number = rng.integers(len(sources.digits))
    strokes = trace(sources.digits.images[number])
    return MadeDigit(int(sources.digits.labels[number]), strokes, is_dotted=True)


KINDS = {
    "1 with an upstroke": Kind(upstroked_one, 0.99),
    "7 without a crossbar": Kind(uncrossed_seven, 0.99),
    "written 7 without a crossbar": Kind(written_seven, 0.99),
    "slashed 0": Kind(slashed_zero, 0.99),
    "digits of straight lines": Kind(boxy_digit, 0.98),
    "traces of straight lines": Kind(boxy_trace, 0.98),
    "dotted strokes": Kind(dotted_trace, 0.96),
}


def made_digits(name: str, sources: Sources, count: int) -> Iterator[tuple[int, bytes]]:
    """Make digits of one kind and draw them with four pens in turn; they are always the same.

    name     one of KINDS
    yields   the label and a PNG file of each digit
    """
    for number in range(count):
        rng = np.random.default_rng((SEED, *name.encode(), number))
        digit = KINDS[name].make(rng, sources)
        yield digit.label, draw(digit, PENS[number % len(PENS)], rng)


def draw(digit: MadeDigit, pen: tuple[float, float], rng: Generator) -> bytes:
    """Draw a digit in a drawing program, with or without antialiasing, as a PNG file.

    pen   range of the pen's width, relative to the digit
    """
    side = int(rng.integers(100, 400))
    shape = side, side
    size_px = rng.uniform(0.4, 0.75) * side
    pen_px = max(1, rng.uniform(*pen) * size_px)
    strokes = digit.strokes
    if digit.is_dotted:
        pen_px = float(np.clip(pen_px, DOTS[0] * size_px, DOTS[1] * size_px))
        strokes = dotted(strokes, pen_px / size_px, rng)
    placed_strokes = placed(strokes, size_px, shape, 0.02 * side + pen_px / 2, rng)
    covered = coverage(placed_strokes, pen_px, shape, bool(rng.random() < 0.7))
    image = inked(sheet(shape, rng.uniform(220, 255), rng), covered, rng.uniform(0.75, 1))
    return saved(255 - image if rng.random() < 0.3 else image, rng, jpeg=0)
