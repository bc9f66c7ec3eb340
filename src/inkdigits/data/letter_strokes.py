"""The letters of the Latin alphabet as pen strokes, except those that look like digits.

Each letter is a few strokes in a box: x from 0 to 1, and y, downwards, from 0 at the top of tall
letters to 1 on the baseline; descenders go below it, to larger y. Left out are the letters that
people read as a digit where they expect one: O o D (0), I l (1), Z z (2), S s (5), G b (6), B (8),
q g (9).
"""

import math

import numpy as np

from inkdigits.arrays import Array

Point = tuple[float, float]

SEGMENTS_PER_TURN = 12  # straight segments that approximate a full ellipse


def line(*points: Point) -> Array:
    """Make a polyline through points; float (M, 2)."""
    return np.array(points, float)


def arc(center: Point, radii: Point, start: float, end: float) -> Array:
    """Make a part of an ellipse.

    start, end  in turns, clockwise: 0 is right, 0.25 is down
    returns     float (M, 2)
    """
    count = 2 + math.ceil(SEGMENTS_PER_TURN * abs(end - start))
    angle = 2 * math.pi * np.linspace(start, end, count)
    return np.array(center) + np.array(radii) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def join(*parts: Array) -> Array:
    """Join parts, end to start, into one stroke."""
    return np.concatenate(parts)


_BOWL_ON_STEM = join(
    line((0, 1), (0, 0)), arc((0.45, 0.27), (0.45, 0.27), 0.75, 1.25), line((0, 0.54))
)
_STEM = line((0, 0), (0, 1))
_SHORT_STEM = line((0, 0.35), (0, 1))


def _arch(left: float, width: float) -> Array:
    """Make an arch from one stem to the next and down it, as in n."""
    center = (left + width / 2, 0.6)
    return join(arc(center, (width / 2, 0.25), 0.5, 1), line((left + width, 1)))


LETTERS: dict[str, tuple[Array, ...]] = {
    "A": (line((0, 1), (0.5, 0), (1, 1)), line((0.2, 0.62), (0.8, 0.62))),
    "C": (arc((0.5, 0.5), (0.5, 0.5), 0.88, 0.12),),
    "E": (line((0.9, 0), (0, 0), (0, 1), (0.9, 1)), line((0, 0.5), (0.75, 0.5))),
    "F": (line((0.9, 0), (0, 0), (0, 1)), line((0, 0.48), (0.7, 0.48))),
    "H": (_STEM, line((0.9, 0), (0.9, 1)), line((0, 0.5), (0.9, 0.5))),
    "J": (join(line((0.7, 0), (0.7, 0.7)), arc((0.37, 0.7), (0.33, 0.3), 0, 0.5)),),
    "K": (_STEM, line((0.85, 0), (0, 0.6)), line((0.3, 0.4), (0.95, 1))),
    "L": (line((0, 0), (0, 1), (0.75, 1)),),
    "M": (line((0, 1), (0.05, 0), (0.55, 0.75), (1.05, 0), (1.1, 1)),),
    "N": (line((0, 1), (0, 0), (0.9, 1), (0.9, 0)),),
    "P": (_BOWL_ON_STEM,),
    "Q": (arc((0.5, 0.5), (0.5, 0.5), 0, 1), line((0.6, 0.7), (1, 1.1))),
    "R": (_BOWL_ON_STEM, line((0.4, 0.54), (0.95, 1))),
    "T": (line((0, 0), (1, 0)), line((0.5, 0), (0.5, 1))),
    "U": (join(line((0, 0)), arc((0.45, 0.6), (0.45, 0.4), 0.5, 0), line((0.9, 0))),),
    "V": (line((0, 0), (0.45, 1), (0.9, 0)),),
    "W": (line((0, 0), (0.3, 1), (0.6, 0.25), (0.9, 1), (1.2, 0)),),
    "X": (line((0, 0), (0.9, 1)), line((0.9, 0), (0, 1))),
    "Y": (line((0, 0), (0.45, 0.5), (0.9, 0)), line((0.45, 0.5), (0.45, 1))),
    "a": (arc((0.35, 0.68), (0.35, 0.32), 0, 1), line((0.7, 0.36), (0.7, 1))),
    "two-storey a": (
        join(arc((0.38, 0.58), (0.34, 0.24), 0.6, 1), line((0.72, 1))),
        arc((0.36, 0.82), (0.36, 0.18), 0, 1),
    ),
    "d": (arc((0.35, 0.68), (0.35, 0.32), 0, 1), line((0.7, 0), (0.7, 1))),
    "e": (join(line((0.02, 0.66)), arc((0.38, 0.66), (0.38, 0.34), 0, -0.88)),),
    "f": (
        join(arc((0.65, 0.25), (0.3, 0.25), 0.95, 0.5), line((0.35, 1))),
        line((0.05, 0.4), (0.75, 0.4)),
    ),
    "h": (_STEM, _arch(0, 0.7)),
    "i": (_SHORT_STEM, line((0, 0), (0, 0.06))),
    "i with a tail": (
        join(line((0, 0.35)), arc((0.2, 0.85), (0.2, 0.15), 0.5, 0.15)), line((0, 0), (0, 0.06)),
    ),
    "j": (
        join(line((0.5, 0.35)), arc((0.25, 1.15), (0.25, 0.22), 0, 0.4)),
        line((0.5, 0.05)),
    ),
    "k": (_STEM, line((0.65, 0.4), (0, 0.75)), line((0.22, 0.62), (0.7, 1))),
    "m": (_SHORT_STEM, _arch(0, 0.55), _arch(0.55, 0.55)),
    "n": (_SHORT_STEM, _arch(0, 0.7)),
    "p": (line((0, 0.35), (0, 1.4)), arc((0.37, 0.67), (0.37, 0.33), 0, 1)),
    "r": (_SHORT_STEM, arc((0.4, 0.62), (0.4, 0.28), 0.5, 0.9)),
    "t": (
        join(line((0.3, 0)), arc((0.55, 0.8), (0.25, 0.2), 0.5, 0.15)),
        line((0, 0.35), (0.65, 0.35)),
    ),
    "u": (
        join(line((0, 0.35)), arc((0.35, 0.72), (0.35, 0.28), 0.5, 0)),
        line((0.7, 0.35), (0.7, 1)),
    ),
    "v": (line((0, 0.35), (0.35, 1), (0.7, 0.35)),),
    "w": (line((0, 0.35), (0.25, 1), (0.5, 0.5), (0.75, 1), (1, 0.35)),),
    "x": (line((0, 0.35), (0.7, 1)), line((0.7, 0.35), (0, 1))),
    "y": (line((0, 0.35), (0.38, 1)), line((0.75, 0.35), (0.2, 1.4))),
}  # fmt: skip
