"""Write strings of digits for training: numbers, amounts, and what is not a number, as ink.

The digits of a string are of one writer: pictures, as MNIST has them, or pen traces. They stand
apart, touch, overlap or are joined, more or less level, with signs between them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Generator, Labels, Pixels
from inkdigits.data.mnist import Digits
from inkdigits.data.number_signs import sign
from inkdigits.data.rendering import distort
from inkdigits.data.traces import Traces
from inkdigits.data.variation import vary
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing.resample import bounding_box

HEIGHT_PX = 60  # of a digit
MNIST_PX = 20  # of a digit in MNIST's pictures
MIN_DIGITS = 20  # that a writer must have
INKED = 90  # of 255


@dataclass(frozen=True)
class Spacing:
    """A range of distances between the ink of neighbors, and how often it is drawn.

    Distances are in digits' heights; those of overlapping digits are negative.
    """

    share: float
    closest: float
    farthest: float


SPACINGS = (
    Spacing(0.36, 0.08, 0.45),  # as most people write
    Spacing(0.12, 0.3, 1.2),
    Spacing(0.17, 0.0, 0.12),
    Spacing(0.35, -0.14, 0.02),  # touching
)


@dataclass(frozen=True)
class StringSettings:
    """How strings are written. Lengths are in digits' heights, angles as tangents.

    pen        range of the width of the pen
    size       standard deviations of the logarithm of a digit's height, one for each string
    drop       the same for how far a digit stands above or below the line
    aspect     standard deviation of the logarithm of all digits' widths
    cursive    share of the strings in which neighbors may be joined ...
    joined     ... and how often each two of them are
    slant, slope   standard deviations, of the whole string
    """

    pen: tuple[float, float] = (0.06, 0.21)
    size: tuple[float, ...] = (0.04, 0.04, 0.1, 0.1, 0.2)
    drop: tuple[float, ...] = (0.03, 0.03, 0.08, 0.08, 0.15)
    aspect: float = 0.15
    cursive: float = 0.2
    joined: float = 0.6
    slant: float = 0.15
    slope: float = 0.04


STRINGS = StringSettings()


@dataclass(frozen=True, eq=False)
class Hand:
    """The digits of one writer.

    glyphs   of each digit uint8 (28, 28), or its strokes, each float (M, 2)
    labels   (N,) 0 to 9
    """

    glyphs: Sequence[Pixels | Sequence[Array]]
    labels: Labels


@dataclass(frozen=True, eq=False)
class Glyph:
    """A symbol of a string, drawn.

    ink      uint8 (h, w)
    top      the row of the string's line, 0 at the top of a digit, where it begins; pixels
    strokes  its strokes within the ink, if it is a digit that was made of strokes
    """

    ink: Pixels
    top: float
    strokes: Sequence[Array] = ()


def hands(digits: Digits | Traces) -> list[Hand]:
    """Return the digits of each writer who has enough of them."""
    assert digits.writers is not None
    glyphs = digits.images if isinstance(digits, Digits) else digits.strokes
    found = []
    for writer in np.unique(digits.writers):
        places = np.flatnonzero(digits.writers == writer)
        if len(places) >= MIN_DIGITS:
            found.append(Hand([glyphs[place] for place in places.tolist()], digits.labels[places]))
    return found


def write(text: str, writers: Sequence[Hand], rng: Generator) -> Pixels:
    """Write a text in the hand of one of the writers.

    text     of digits and the signs of `number_signs.sign`
    writers  if the first one has no such digit, another one's is taken
    returns  uint8 (H, W), 0 is background
    """
    hand = writers[int(rng.integers(len(writers)))]
    pen_px = rng.uniform(*STRINGS.pen) * HEIGHT_PX
    size, drop = (float(rng.choice(each)) for each in (STRINGS.size, STRINGS.drop))
    aspect = math.exp(rng.normal(0, STRINGS.aspect))
    glyphs = []
    for symbol in text:
        height = HEIGHT_PX * math.exp(rng.normal(0, size))
        if symbol.isdigit():
            glyph = _digit(int(symbol), hand, writers, height, pen_px, aspect, rng)
        else:
            glyph = _sign(symbol, height, pen_px, rng)
        lowered = rng.normal(0, drop) * HEIGHT_PX
        glyphs.append(Glyph(glyph.ink, glyph.top + lowered, glyph.strokes))
    ink = _place(glyphs, pen_px, rng)
    return _lean(ink, rng.normal(0, STRINGS.slant), rng.normal(0, STRINGS.slope))


def _digit(
    label: int,
    hand: Hand,
    writers: Sequence[Hand],
    height: float,
    pen_px: float,
    aspect: float,
    rng: Generator,
) -> Glyph:
    """Draw a digit with its foot on the line."""
    found = np.flatnonzero(hand.labels == label)
    if not len(found) and not any((other.labels == label).any() for other in writers):
        raise ValueError(f"no writer has a {label}")
    while not len(found):
        hand = writers[int(rng.integers(len(writers)))]
        found = np.flatnonzero(hand.labels == label)
    glyph = hand.glyphs[int(rng.choice(found))]
    if isinstance(glyph, np.ndarray):
        cropped = glyph[bounding_box(glyph)]
        rows = height / MNIST_PX * rng.uniform(0.92, 1.08)
        shape = (rows * rng.uniform(0.9, 1.1) * cropped.shape[1], rows * cropped.shape[0])
        width, length = (max(2, round(side)) for side in shape)
        ink = cv2.resize(cropped, (width, length), interpolation=cv2.INTER_CUBIC)
        return Glyph(ink, HEIGHT_PX - len(ink))
    varied = distort(vary(glyph, label, rng), label, rng)
    points = np.concatenate(varied)
    extent = np.maximum(np.ptp(points, axis=0), 1e-6)
    scale = (height - pen_px) / extent[1]
    scale = min(scale, 1.7 * height / (extent[0] * aspect))  # a flat one is not that high
    ink, strokes = _draw([stroke * (scale * aspect, scale) for stroke in varied], pen_px)
    tail = 0.25 * HEIGHT_PX if label in (7, 9) and rng.random() < 0.03 else 0.0
    return Glyph(ink, HEIGHT_PX - len(ink) + tail, strokes)


def _sign(symbol: str, height: float, pen_px: float, rng: Generator) -> Glyph:
    strokes = [stroke * height for stroke in sign(symbol, rng)]
    top = min(float(stroke[:, 1].min()) for stroke in strokes)
    broader = rng.uniform(1, 1.6) if symbol == "." else 1.0
    ink, _ = _draw(strokes, pen_px * broader)
    return Glyph(ink, top - pen_px / 2)


def _draw(strokes: Sequence[Array], pen_px: float) -> tuple[Pixels, list[Array]]:
    """Draw strokes on a canvas that fits them; return it and the strokes on it."""
    points = np.concatenate(strokes)
    corner = points.min(axis=0) - pen_px / 2
    width, height = np.ceil(points.max(axis=0) - corner + pen_px / 2).astype(int).tolist()
    placed = [stroke - corner for stroke in strokes]
    return draw(placed, pen_px, (max(2, height), max(2, width))), placed


def _place(glyphs: Sequence[Glyph], pen_px: float, rng: Generator) -> Pixels:
    """Put glyphs side by side on a canvas, and join some of them."""
    shares = np.array([spacing.share for spacing in SPACINGS])
    spacing = SPACINGS[rng.choice(len(SPACINGS), p=shares / shares.sum())]
    # Neighbors of which one is higher keep a distance too, in some strings.
    reach = int(rng.uniform(0, 0.12) * HEIGHT_PX)
    highest = min(glyph.top for glyph in glyphs)
    tops = [round(glyph.top - highest) + 2 for glyph in glyphs]
    rows = max(top + len(glyph.ink) for top, glyph in zip(tops, glyphs, strict=True)) + 2
    columns = sum(glyph.ink.shape[1] for glyph in glyphs) + int(1.3 * HEIGHT_PX * len(glyphs)) + 8
    canvas = np.zeros((rows, columns), np.uint8)
    ends = np.full(rows, -math.inf)  # where the ink ends, in each row
    lefts: list[int] = []
    for glyph, top in zip(glyphs, tops, strict=True):
        height, width = glyph.ink.shape
        inked = glyph.ink > INKED
        begins = np.where(inked.any(axis=1), inked.argmax(axis=1), math.inf)
        left = 4
        if lefts:
            gap = rng.uniform(spacing.closest, spacing.farthest) * HEIGHT_PX
            before, width_before = lefts[-1], glyphs[len(lefts) - 1].ink.shape[1]
            reached = _maximum_around(ends, reach)[top : top + height]
            nearest = float((reached - begins).max())
            nearest = nearest if nearest > -math.inf else before + width_before
            left = max(round(nearest + gap), before + int(0.35 * width_before) + 1)
        place = canvas[top : top + height, left : left + width]
        np.maximum(place, glyph.ink[:, : place.shape[1]], out=place)
        last = np.where(inked.any(axis=1), width - 1 - inked[:, ::-1].argmax(axis=1), -math.inf)
        ends[top : top + height] = np.maximum(ends[top : top + height], last + left)
        lefts.append(left)
    if rng.random() < STRINGS.cursive:
        _join(canvas, glyphs, list(zip(lefts, tops, strict=True)), pen_px, rng)
    return canvas[:, : int(np.flatnonzero(canvas.any(axis=0))[-1]) + 5]


def _maximum_around(values: Array, reach: int) -> Array:
    """Return the largest value within `reach` rows of each row."""
    framed = np.pad(values, reach, constant_values=-math.inf)
    return np.lib.stride_tricks.sliding_window_view(framed, 2 * reach + 1).max(axis=1)


def _join(
    canvas: Pixels,
    glyphs: Sequence[Glyph],
    corners: Sequence[tuple[int, int]],
    pen_px: float,
    rng: Generator,
) -> None:
    """Join the end of a digit with the beginning of the next one, in place."""
    for number in range(len(glyphs) - 1):
        first, second = glyphs[number].strokes, glyphs[number + 1].strokes
        if not first or not second or rng.random() >= STRINGS.joined:
            continue
        start = first[-1][-1] + corners[number]
        end = second[0][0] + corners[number + 1]
        distance = float(np.hypot(*(end - start)))
        if end[0] < start[0] - 0.4 * HEIGHT_PX or distance > 1.1 * HEIGHT_PX:
            continue
        sag = rng.normal(0, 0.15) + rng.choice([0, 0.1])
        middle = (start + end) / 2 + (0, sag * HEIGHT_PX)
        part = np.linspace(0, 1, 9)[:, None]
        curve = (1 - part) ** 2 * start + 2 * part * (1 - part) * middle + part**2 * end
        height, width = canvas.shape
        np.maximum(canvas, draw([curve], pen_px, (height, width)), out=canvas)


def _lean(ink: Pixels, slant: float, slope: float) -> Pixels:
    """Slant upright strokes, and let the line rise or fall."""
    height, width = ink.shape
    right, down = abs(slant) * height, abs(slope) * width
    lean = np.array(
        [[1, -slant, max(0, slant) * height], [-slope, 1, max(0, slope) * width]], np.float32
    )
    size = (width + math.ceil(right) + 1, height + math.ceil(down) + 1)
    return cv2.warpAffine(ink, lean, size, flags=cv2.INTER_LINEAR)
