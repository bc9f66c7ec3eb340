"""Make training examples for the line network: texts, and images of ink that show them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Generator, Pixels
from inkdigits.data.number_signs import SUMS
from inkdigits.data.number_strings import Hand, write
from inkdigits.data.sampling import log_uniform
from inkdigits.data.unipen_numbers import NumberTrace
from inkdigits.imaging.strokes import draw

OTHER = "?"  # any sign that does not occur in numbers
FILLER = "#"  # at the ends of an amount; the network takes it for a dash
LENGTHS = (0.07, 0.15, 0.15, 0.15, 0.14, 0.12, 0.09, 0.07, 0.03, 0.03)  # shares of 1 to 10 digits


@dataclass(frozen=True)
class Shares:
    """How often each kind of text is made; the rest are digits alone.

    real     numbers that people wrote, as pen traces
    amount   with signs between digits, and mostly of a currency
    other    with letters and marks, which make it no number
    """

    real: float = 0.14
    amount: float = 0.22
    other: float = 0.26


SHARES = Shares()


def example(
    writers: Sequence[Hand], numbers: Sequence[NumberTrace], outliers: Pixels, rng: Generator
) -> tuple[Pixels, str]:
    """Make one example.

    writers   whose digits are put together
    numbers   that people wrote; may be empty
    outliers  uint8 (N, 28, 28), pictures of what is not a digit, so that a text is not a number;
              may be empty
    returns   uint8 (H, W), 0 is background; and its text, with a dash for each filler
    """
    kind = rng.random()
    if kind < SHARES.real and len(numbers):
        number = numbers[int(rng.integers(len(numbers)))]
        return spoil(_drawn(number, rng), rng), number.text
    if kind > 1 - SHARES.other:
        return _no_number(writers, outliers, rng)
    text = _amount(rng) if kind > 1 - SHARES.other - SHARES.amount else _digits(rng)
    return spoil(write(text, writers, rng), rng), text.replace(FILLER, "-")


def _digits(rng: Generator) -> str:
    """Choose digits, mostly any, sometimes with many equal ones."""
    count = 1 + int(rng.choice(len(LENGTHS), p=LENGTHS))
    digits = rng.integers(0, 10, count)
    if rng.random() < 0.15:
        digits = np.where(rng.random(count) < 0.6, digits[0], digits)
    return "".join(map(str, digits))


def _amount(rng: Generator) -> str:
    """Choose an amount, or another number with a sign in it."""
    whole = "".join(map(str, rng.integers(0, 10, rng.integers(1, 6))))
    cents = f"{rng.integers(100):02d}"
    mark = str(rng.choice([".", ","]))
    form = rng.choice(["cents", "thousands", "dash", "range", "tenths", "whole"],
                      p=[0.45, 0.15, 0.1, 0.1, 0.1, 0.1])  # fmt: skip
    text = {
        "cents": f"{whole}{mark}{cents}",
        "thousands": f"{whole[:-3]}{mark}{whole[-3:]}" if len(whole) > 3 else whole,
        "dash": f"{whole}{mark}-",
        "range": f"{whole}-{rng.integers(1000)}",
        "tenths": f"{whole}{mark}{rng.integers(10)}",
        "whole": whole,
    }[form]
    if form == "cents" and len(whole) > 3 and rng.random() < 0.4:
        other = "," if mark == "." else "."
        text = f"{whole[:-3]}{other}{whole[-3:]}{mark}{cents}"
    before, after = rng.random(2)
    text = (
        "$" if before < 0.35 else "-" if before < 0.43 else FILLER if before < 0.5 else ""
    ) + text
    return text + ("$" if after < 0.06 else "-" if after < 0.1 else FILLER if after < 0.16 else "")


def _no_number(writers: Sequence[Hand], outliers: Pixels, rng: Generator) -> tuple[Pixels, str]:
    """Make a sum, a word, digits with other signs among them, a scribble, or other pictures."""
    kind = rng.choice(["sum", "word", "mixed", "scribble", "pictures"],
                      p=[0.26, 0.24, 0.16, 0.1, 0.24])  # fmt: skip
    if kind == "scribble":
        return spoil(_scribble(rng), rng), OTHER
    if kind == "pictures" and len(outliers):
        return spoil(_side_by_side(outliers, rng), rng), OTHER
    text = _sum(rng) if kind == "sum" else _mixed(rng) if kind == "mixed" else _word(rng)
    ink = write(text, writers, rng)
    return spoil(ink, rng), "".join(OTHER if sign in SUMS else sign for sign in text)


def _sum(rng: Generator) -> str:
    """Choose two numbers with a sign between them, and mostly what they make."""
    text = f"{rng.integers(200)}{rng.choice(list('+x:-'))}{rng.integers(200)}"
    return f"{text}={rng.integers(300)}" if rng.random() < 0.75 or "-" in text else text


def _word(rng: Generator) -> str:
    return OTHER * int(rng.integers(1, 7))


def _mixed(rng: Generator) -> str:
    """Mix digits with at least one sign that does not occur in numbers."""
    count = int(rng.integers(2, 8))
    others = rng.random(count) < 0.4
    others[rng.integers(count)] = True
    pairs = zip(others, rng.integers(0, 10, count), strict=True)
    return "".join(OTHER if is_other else str(digit) for is_other, digit in pairs)


def _scribble(rng: Generator) -> Pixels:
    """Draw a long curve with random turns."""
    count = int(rng.integers(40, 200))
    turns = cv2.GaussianBlur(rng.standard_normal((count, 1)), (0, 0), rng.uniform(1, 6))
    angles = np.cumsum(rng.uniform(0.3, 2.5) * turns / turns.std())
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    drift = np.array([rng.uniform(-0.2, 1.0), 0.0])
    points = np.cumsum(steps + drift, axis=0)
    extent = np.maximum(np.ptp(points, axis=0), 1e-6)
    size = np.array([rng.uniform(40, 300), rng.uniform(30, 90)])
    pen = rng.uniform(0.04, 0.18) * size[1]
    placed = (points - points.min(axis=0)) * (size / extent) + pen / 2 + 4
    columns, rows = np.ceil(size + pen).astype(int) + 9
    return draw([placed], pen, (int(rows), int(columns)))


def _side_by_side(outliers: Pixels, rng: Generator) -> Pixels:
    """Put one to three pictures of what is not a digit side by side, enlarged."""
    count = int(rng.choice([1, 1, 1, 2, 3]))
    row = np.concatenate(list(outliers[rng.integers(len(outliers), size=count)]), axis=1)
    scale = rng.uniform(2, 4)
    return cv2.resize(row, None, fx=scale * rng.uniform(0.7, 1.6), fy=scale)


def _drawn(number: NumberTrace, rng: Generator) -> Pixels:
    """Draw a number as it was written, a little leaned, with any pen."""
    shape = np.array([[log_uniform(rng, (0.8, 1.25)), 0.0], [rng.normal(0, 0.15), 1.0]])
    shape[0, 1] = rng.normal(0, 0.03)
    strokes = [stroke @ shape for stroke in number.strokes]
    points = np.concatenate(strokes)
    height = rng.uniform(40, 120)
    pen = rng.uniform(0.02, 0.13) * height
    extent = np.maximum(np.ptp(points, axis=0), 1e-6)
    scale = min((height - pen) / extent[1], 1200 / extent[0])
    if rng.random() < 0.5:  # strokes end up a little elsewhere
        strokes = [stroke + rng.normal(0, 0.025, 2) * extent[1] for stroke in strokes]
        points = np.concatenate(strokes)
    placed = [(stroke - points.min(axis=0)) * scale + pen / 2 + 4 for stroke in strokes]
    columns, rows = np.ceil(np.ptp(points, axis=0) * scale + pen).astype(int) + 9
    return draw(placed, max(1.0, pen), (int(rows), int(columns)))


def spoil(ink: Pixels, rng: Generator) -> Pixels:
    """Add what remains of lines and dust, break strokes, blur and threshold; not all at once.

    ink      uint8 (H, W)
    returns  uint8 (h, w)
    """
    kind = rng.random()
    if kind < 0.06:
        ink = np.pad(ink, ((3, 3), (8, 8)))
        row = min(int(rng.uniform(0.75, 1) * len(ink)), len(ink) - 3)
        line = ink[row : row + int(rng.integers(1, 4))]
        np.maximum(line, np.uint8(rng.uniform(60, 220)), out=line)
    elif kind < 0.12:
        for top, left in rng.integers(ink.shape, size=(int(rng.integers(1, 6)), 2)).tolist():
            side = int(rng.integers(1, 5))
            ink[top : top + side, left : left + side] = rng.integers(80, 255)
    elif kind < 0.2:
        ink = np.where(_holes(ink.shape, rng), 0, ink).astype(np.uint8)
    if rng.random() < 0.25:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.5, 2.5))
    if rng.random() < 0.2:
        ink = (ink > rng.integers(60, 180)).astype(np.uint8) * np.uint8(255)
    return ink


def _holes(shape: tuple[int, ...], rng: Generator) -> Pixels:
    """Choose where the ink has gone: patches of a few pixels, bool (H, W)."""
    rows, columns = shape
    noise = rng.standard_normal((rows // 3 + 1, columns // 3 + 1))
    noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.8, 2))
    noise = cv2.resize((noise - noise.mean()) / noise.std(), (columns, rows))
    return noise > rng.uniform(1.2, 2.2)
