"""Vary pen traces of digits in ways that people write and draw, and that the data sets lack.

Distortion changes the shape of a whole trace a little. Here single features come or go: a slash, a
cross-bar, an upstroke, a loop, a tail, a gap; or all curves become straight lines.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Generator


@dataclass(frozen=True)
class Variation:
    """How often traces are varied, as shares of those that may be, and by how much.

    Lengths are fractions of the digit's longer side.

    upstroke     share of the plain 1s that get an upstroke
    slash        share of the 0s that are slashed, and of the 7s of one stroke that are crossed
    loop         share of the 2s and 4s whose sharpest corner at the left becomes a loop
    tail         share of the 0s and 9s whose last stroke goes on, outwards
    trim         share of the digits with curves that begin or end early, which opens loops
    gap          share of all digits that get a gap
    straight     share of all digits whose curves become straight lines
    max_trim, max_gap      their greatest length
    tolerance              range of how far the straight lines may be from the curves
    """

    upstroke: float = 0.4
    slash: float = 0.15
    loop: float = 0.08
    tail: float = 0.06
    trim: float = 0.1
    gap: float = 0.06
    straight: float = 0.08
    max_trim: float = 0.1
    max_gap: float = 0.12
    tolerance: tuple[float, float] = (0.05, 0.13)


VARIATION = Variation()
AS_MADE = Variation(upstroke=0, slash=0, loop=0, tail=0)  # for digits that are made with them
STRAIGHT = 0.08  # of its length; how far a plain 1 may be from a straight line
STEEP = 2.0  # least ratio of its height to its width


def vary(
    strokes: Sequence[Array], label: int, rng: Generator, variation: Variation = VARIATION
) -> list[Array]:
    """Vary a trace at random; it stays the same digit.

    strokes  each float (M, 2), x and y downwards, in any unit
    """
    points = np.concatenate(strokes).astype(float)
    low = points.min(axis=0)
    size = max(float((points.max(axis=0) - low).max()), 1e-6)
    varied = [(stroke - low) / size for stroke in strokes]  # into a box whose longer side is 1
    if label == 1 and _is_plain_stem(varied) and rng.random() < variation.upstroke:
        varied = _with_upstroke(varied[0], rng)
    if label in (0, 7) and rng.random() < variation.slash:
        varied = _slashed(varied, rng) if label == 0 else _crossed(varied, rng)
    if label in (2, 4) and rng.random() < variation.loop:
        varied = _looped(varied, rng)
    if label in (0, 9) and rng.random() < variation.tail:
        varied[-1] = _with_tail(varied[-1], rng)
    if label not in (1, 4, 7) and rng.random() < variation.trim:
        varied = [_without(stroke, *_ends(stroke, variation.max_trim, rng)) for stroke in varied]
    if rng.random() < variation.gap:
        varied = _with_gap(varied, variation.max_gap, rng)
    if rng.random() < variation.straight:
        tolerance = rng.uniform(*variation.tolerance)
        varied = [_straightened(stroke, tolerance) for stroke in varied]
    return [stroke * size + low for stroke in varied]


def _is_plain_stem(strokes: list[Array]) -> bool:
    """Return whether a trace is one straight, steep stroke."""
    if len(strokes) > 1 or len(strokes[0]) < 2:
        return False
    stroke = strokes[0]
    right, down = stroke[-1] - stroke[0]
    length = math.hypot(right, down)
    off = np.abs((stroke - stroke[0]) @ (down, -right)) / max(length, 1e-6)
    return bool(off.max() < STRAIGHT * length and abs(down) > STEEP * abs(right))


def _with_upstroke(stem: Array, rng: Generator) -> list[Array]:
    """Put an upstroke before a stem, and sometimes a base below it."""
    stem = stem if stem[0, 1] < stem[-1, 1] else stem[::-1]
    right, down = stem[-1] - stem[0]
    lean = math.atan2(-right, down)
    share = rng.uniform(0.1, 0.9)
    length = share * math.hypot(right, down)
    angle = min(lean + math.radians(rng.uniform(12, 60)), flattest_upstroke(share))
    start = stem[0] + length * np.array([-math.sin(angle), math.cos(angle)])
    strokes = [np.concatenate([start[None], stem])]
    if rng.random() < 0.2:
        left, right = rng.uniform(0.1, 0.3, 2)
        strokes.append(stem[-1] + np.array([[-left, 0], [right, 0]]))
    return strokes


def flattest_upstroke(share: float) -> float:
    """Return the largest angle between a 1's upstroke and the vertical, in radians.

    If it were flatter, it would be the bar of a 7, and a long one soonest.

    share    its length, as a fraction of the stem's
    """
    return math.radians(80 - 22 * max(0.0, share - 0.3))


def _slashed(strokes: list[Array], rng: Generator) -> list[Array]:
    """Slash a 0, inside or beyond it, mostly towards the upper right."""
    points = np.concatenate(strokes)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2 + rng.normal(0, 0.05, 2)
    angle = math.radians(rng.uniform(15, 65)) * rng.choice([1, -1], p=[0.85, 0.15])
    half = rng.uniform(0.2, 0.7) * np.array([math.sin(angle), -math.cos(angle)])
    return [*strokes, np.stack([middle - half, middle + half])]


def _crossed(strokes: list[Array], rng: Generator) -> list[Array]:
    """Cross the stem of a 7 of one stroke."""
    if len(strokes) > 1:
        return strokes
    stroke = resampled(strokes[0], 0.03)  # of straight lines, it may have points at its ends only
    low, high = stroke[:, 1].min(), stroke[:, 1].max()
    below = stroke[stroke[:, 1] >= low + 0.4 * (high - low)]
    middle = below[rng.integers((len(below) + 1) // 2)]
    half = rng.uniform(0.1, 0.28) * np.array([1, rng.normal(0, 0.25)])
    return [*strokes, np.stack([middle - half, middle + half])]


def _looped(strokes: list[Array], rng: Generator) -> list[Array]:
    """Make a loop of the sharpest corner in the left half: of a 2's foot, or of a 4's left side."""
    longest = max(range(len(strokes)), key=lambda number: _length(strokes[number]))
    stroke = resampled(strokes[longest], 0.03)
    step = 3
    if len(stroke) < 4 * step:
        return strokes
    before = stroke[step:-step] - stroke[: -2 * step]
    after = stroke[2 * step :] - stroke[step:-step]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = (before * after).sum(axis=1) / np.maximum(lengths, 1e-6)
    cosine[stroke[step:-step, 0] > 0.5 * stroke[:, 0].max()] = 1
    cosine[stroke[step:-step, 1] < 0.35] = 1
    place = int(cosine.argmin())
    if cosine[place] > 0.5:
        return strokes
    outward = before[place] - after[place]
    radius = rng.uniform(0.04, 0.11)
    center = stroke[place + step] + radius * outward / max(float(np.linalg.norm(outward)), 1e-6)
    start = math.atan2(*(stroke[place + step] - center)[::-1])
    angles = start + rng.choice([-1, 1]) * np.linspace(0, 2 * math.pi, 13)
    loop = center + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    varied = list(strokes)
    varied[longest] = np.concatenate([stroke[: place + step], loop, stroke[place + step :]])
    return varied


def _with_tail(stroke: Array, rng: Generator) -> Array:
    """Let a stroke go on outwards, away from the middle of the digit's box."""
    end = stroke[-1]
    outward = end - stroke.mean(axis=0)
    outward /= max(float(np.linalg.norm(outward)), 1e-6)
    along = outward + rng.normal(0, 0.6, 2)
    return np.concatenate([stroke, end[None] + rng.uniform(0.08, 0.25) * along])


def _ends(stroke: Array, max_trim: float, rng: Generator) -> tuple[float, float]:
    """Choose how much of a stroke's length is left, from where to where."""
    trim = max_trim / max(_length(stroke), 3 * max_trim)
    return trim * rng.random(), 1 - trim * rng.random()


def _with_gap(strokes: list[Array], max_gap: float, rng: Generator) -> list[Array]:
    """Leave a gap in a stroke, but not near its ends."""
    number = int(rng.integers(len(strokes)))
    length = _length(strokes[number])
    if length < 4 * max_gap:
        return strokes
    gap = rng.uniform(0.3, 1) * max_gap / length
    start = rng.uniform(0.15, 0.85 - gap)
    parts = _without(strokes[number], 0, start), _without(strokes[number], start + gap, 1)
    return [*strokes[:number], *parts, *strokes[number + 1 :]]


def _straightened(stroke: Array, tolerance: float) -> Array:
    """Replace curves by straight lines, as the algorithm of Douglas and Peucker does."""
    points = stroke.astype(np.float32)
    corners = cv2.approxPolyDP(points[:, None], tolerance, closed=False)[:, 0]
    if (points[0] == points[-1]).all():  # OpenCV leaves out the end of a stroke that is closed
        corners = np.concatenate([corners, points[-1:]])
    return corners.astype(float)


def _without(stroke: Array, first: float, last: float) -> Array:
    """Keep what is between two shares of a stroke's length."""
    if len(stroke) < 2:
        return stroke
    at = np.concatenate([[0], np.linalg.norm(np.diff(stroke, axis=0), axis=1).cumsum()])
    limits = np.array([first, last]) * at[-1]
    places = np.concatenate([limits[:1], at[(at > limits[0]) & (at < limits[1])], limits[1:]])
    return np.stack([np.interp(places, at, axis) for axis in stroke.T], axis=1)


def resampled(stroke: Array, distance: float) -> Array:
    """Return points at equal distances along a stroke."""
    at = np.concatenate([[0], np.linalg.norm(np.diff(stroke, axis=0), axis=1).cumsum()])
    places = np.linspace(0, at[-1], max(2, 1 + round(at[-1] / distance)))
    return np.stack([np.interp(places, at, axis) for axis in stroke.T], axis=1)


def _length(stroke: Array) -> float:
    return float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum())
