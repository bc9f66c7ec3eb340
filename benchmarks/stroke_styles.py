"""Other ways to draw the same digit: with straight lines, and with the dots of a fast mouse."""

import numpy as np
from tracing import Stroke

from inkdigits.arrays import Generator

TOLERANCE = (0.05, 0.11)  # of the digit's longer side; what lies closer to a line is on it
RING_TOLERANCE = 0.2  # of a ring's shorter side, so that it stays open


def boxy(strokes: list[Stroke], rng: Generator) -> list[Stroke]:
    """Simplify strokes hard, so that few straight lines are left.

    strokes   in a box whose longer side is 1
    """
    tolerance = rng.uniform(*TOLERANCE)
    return [_simplified(stroke, tolerance) for stroke in strokes]


def _simplified(stroke: Stroke, tolerance: float) -> Stroke:
    """Leave out points that are near the lines between the others, which are kept.

    source  D. Douglas, T. Peucker, "Algorithms for the reduction of the number of points required
            to represent a digitized line or its caricature", 1973
    """
    if len(stroke) < 3:
        return stroke
    if (stroke[0] == stroke[-1]).all():
        shorter = float(np.ptp(stroke, axis=0).min())
        farthest = int(np.hypot(*(stroke - stroke[0]).T).argmax())
        halves = stroke[: farthest + 1], stroke[farthest:]
        tolerance = min(tolerance, RING_TOLERANCE * shorter)
        first, second = (_simplified(half, tolerance) for half in halves)
        return np.concatenate([first, second[1:]])
    chord = stroke[-1] - stroke[0]
    along = np.clip((stroke - stroke[0]) @ chord / (chord @ chord), 0, 1)
    distance = np.hypot(*(stroke - stroke[0] - along[:, None] * chord).T)
    farthest = int(distance.argmax())
    if distance[farthest] <= tolerance or farthest in (0, len(stroke) - 1):
        return stroke[[0, -1]]
    first, second = stroke[: farthest + 1], stroke[farthest:]
    return np.concatenate([_simplified(first, tolerance), _simplified(second, tolerance)[1:]])


def dotted(strokes: list[Stroke], pen: float, rng: Generator) -> list[Stroke]:
    """Leave only dots of strokes, as a program that draws one per event of a fast mouse.

    The faster the mouse is, the farther they are apart: up to twice the pen's width.

    pen      width in the units of the strokes
    returns  strokes of one point each
    """
    dots = []
    spacing = rng.uniform(1.1, 1.7) * pen
    for stroke in strokes:
        steps = np.hypot(*np.diff(stroke, axis=0).T)
        length = float(steps.sum())
        count = max(2, round(length / spacing) + 1)
        # The mouse is slow at both ends of a stroke and faster in between, here and there.
        speeds = rng.uniform(0.6, 1.2, 6)
        speed = np.interp(np.linspace(0, 5, count - 1), np.arange(6), speeds)
        at = np.concatenate([[0], np.cumsum(speed)]) / speed.sum() * length
        passed = np.concatenate([[0], np.cumsum(steps)])
        places = np.stack([np.interp(at, passed, axis) for axis in stroke.T], axis=1)
        dots += [place[None] for place in places]
    return dots
