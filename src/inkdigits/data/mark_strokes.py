"""Punctuation marks and other signs as pen strokes.

Each mark is a few strokes in a box: x from 0 to 1, and y, downwards, from 0 to 1. Left out are the
marks that people read as a digit where they expect one: parentheses, slashes and vertical bars (1).
"""

import math

import numpy as np

from inkdigits.arrays import Array
from inkdigits.data.letter_strokes import arc, join, line

# The dot of a question or exclamation mark is a short stroke.
_DOT = line((0.5, 0.93), (0.5, 1))
_PLUS = (line((0, 0.5), (1, 0.5)), line((0.5, 0), (0.5, 1)))
_HOOK = arc((0.5, 0.22), (0.33, 0.22), 0.5, 1.2)


def _regular_polygon(corners: int, step: int) -> Array:
    """Join each corner of a regular polygon to the one `step` corners further, in one stroke."""
    turns = (np.arange(corners + 1) * step / corners - 0.25) * 2 * math.pi
    return 0.5 + 0.5 * np.stack([np.cos(turns), np.sin(turns)], axis=1)


MARKS: dict[str, tuple[Array, ...]] = {
    "question mark": (join(_HOOK, line((0.5, 0.52), (0.5, 0.72))), _DOT),
    "round question mark": (
        join(arc((0.5, 0.25), (0.36, 0.25), 0.45, 1.25), line((0.5, 0.75))),
        _DOT,
    ),
    "curved question mark": (
        join(_HOOK, arc((0.62, 0.62), (0.16, 0.16), 0.65, 0.45), line((0.5, 0.76))),
        _DOT,
    ),
    "angular question mark": (
        line((0.15, 0.15), (0.5, 0), (0.85, 0.15), (0.5, 0.5), (0.5, 0.72)),
        _DOT,
    ),
    "upside-down question mark": (
        line((0.5, 0), (0.5, 0.07)),
        join(line((0.5, 0.28), (0.5, 0.48)), arc((0.5, 0.76), (0.33, 0.24), 0.7, 0)),
    ),
    "exclamation mark": (line((0.5, 0), (0.5, 0.68)), _DOT),
    "wedge with a dot": (line((0.42, 0), (0.5, 0.66), (0.58, 0), (0.42, 0)), _DOT),
    "two exclamation marks": (
        line((0.3, 0), (0.3, 0.68)), line((0.3, 0.9), (0.3, 1)),
        line((0.7, 0), (0.7, 0.68)), line((0.7, 0.9), (0.7, 1)),
    ),
    "plus": _PLUS,
    "plus-minus": (
        line((0, 0.4), (1, 0.4)), line((0.5, 0), (0.5, 0.8)), line((0, 1), (1, 1)),
    ),
    "multiplication sign": (line((0, 0), (1, 1)), line((1, 0), (0, 1))),
    "division sign": (
        line((0, 0.5), (1, 0.5)), line((0.5, 0.1), (0.5, 0.17)), line((0.5, 0.83), (0.5, 0.9)),
    ),
    "equals": (line((0, 0.3), (1, 0.3)), line((0, 0.7), (1, 0.7))),
    "asterisk": (*_PLUS, line((0.15, 0.15), (0.85, 0.85)), line((0.85, 0.15), (0.15, 0.85))),
    "pentagram": (_regular_polygon(5, 2),),
    "hexagram": (
        line((0.5, 0), (0.93, 0.75), (0.07, 0.75), (0.5, 0)),
        line((0.5, 1), (0.07, 0.25), (0.93, 0.25), (0.5, 1)),
    ),
    "check mark": (line((0, 0.6), (0.35, 1), (1, 0)),),
    "curved check mark": (join(line((0, 0.65), (0.35, 1)), arc((1, 1), (0.65, 1), 0.5, 0.72)),),
    # Flat, because a steep one is a 1 with a long upstroke.
    "caret": (line((0, 0.7), (0.5, 0.2), (1, 0.7)),),
    "less than": (line((1, 0), (0, 0.5), (1, 1)),),
    "greater than": (line((0, 0), (1, 0.5), (0, 1)),),
    "right arrow": (line((0, 0.5), (1, 0.5)), line((0.65, 0.2), (1, 0.5), (0.65, 0.8))),
    "left arrow": (line((0, 0.5), (1, 0.5)), line((0.35, 0.2), (0, 0.5), (0.35, 0.8))),
    "down arrow": (line((0.5, 0), (0.5, 1)), line((0.15, 0.6), (0.5, 1), (0.85, 0.6))),
    "up arrow": (line((0.5, 0), (0.5, 1)), line((0.1, 0.4), (0.5, 0), (0.9, 0.4))),
    "double arrow": (
        line((0, 0.5), (1, 0.5)), line((0.25, 0.25), (0, 0.5), (0.25, 0.75)),
        line((0.75, 0.25), (1, 0.5), (0.75, 0.75)),
    ),
    "bent arrow": (
        line((0, 0), (0, 0.7), (1, 0.7)), line((0.7, 0.4), (1, 0.7), (0.7, 1)),
    ),
    "left bracket": (line((0.6, 0), (0.2, 0), (0.2, 1), (0.6, 1)),),
    "right bracket": (line((0.3, 0), (0.7, 0), (0.7, 1), (0.3, 1)),),
    "brackets": (
        line((0.25, 0), (0, 0), (0, 1), (0.25, 1)), line((0.75, 0), (1, 0), (1, 1), (0.75, 1)),
    ),
    "left brace": (
        join(
            arc((0.6, 0.15), (0.2, 0.15), 0.75, 0.5), arc((0.2, 0.38), (0.2, 0.12), 0, 0.25),
            arc((0.2, 0.62), (0.2, 0.12), 0.75, 1), arc((0.6, 0.85), (0.2, 0.15), 0.5, 0.25),
        ),
    ),
    "hash": (
        line((0.3, 0), (0.2, 1)), line((0.75, 0), (0.65, 1)),
        line((0, 0.33), (1, 0.33)), line((0, 0.67), (0.95, 0.67)),
    ),
    "percent": (
        line((0.9, 0), (0.1, 1)),
        arc((0.2, 0.22), (0.18, 0.2), 0, 1), arc((0.8, 0.78), (0.18, 0.2), 0, 1),
    ),
    "at sign": (
        arc((0.48, 0.5), (0.18, 0.2), 0, 1),
        join(line((0.68, 0.3), (0.68, 0.62)), arc((0.5, 0.5), (0.5, 0.5), 0.05, -0.8)),
    ),
    "ampersand": (
        join(
            line((1, 1), (0.25, 0.3)), arc((0.45, 0.2), (0.22, 0.2), 0.4, 1.1),
            arc((0.38, 0.75), (0.36, 0.25), 0.7, 0.2), line((0.95, 0.5)),
        ),
    ),
    "dollar": (
        join(
            arc((0.5, 0.32), (0.35, 0.2), 0.9, 0.25), arc((0.5, 0.7), (0.35, 0.2), 0.75, 1.4),
        ),
        line((0.5, 0), (0.5, 1)),
    ),
    "euro": (
        arc((0.6, 0.5), (0.4, 0.5), 0.9, 0.1),
        line((0, 0.4), (0.7, 0.4)), line((0, 0.6), (0.7, 0.6)),
    ),
    "pound": (
        join(arc((0.6, 0.25), (0.28, 0.25), 1, 0.5), line((0.32, 1), (0, 1), (0.95, 1))),
        line((0.05, 0.5), (0.7, 0.5)),
    ),
    "tilde": (join(arc((0.25, 0.5), (0.25, 0.2), 0.5, 1), arc((0.75, 0.5), (0.25, 0.2), 0.5, 0)),),
    "quotation mark": (line((0.25, 0), (0.2, 1)), line((0.8, 0), (0.75, 1))),
    "ellipsis": (
        line((0, 0.5), (0.06, 0.5)), line((0.47, 0.5), (0.53, 0.5)), line((0.94, 0.5), (1, 0.5)),
    ),
    "therefore": (
        line((0.47, 0.1), (0.53, 0.1)), line((0, 0.9), (0.06, 0.9)), line((0.94, 0.9), (1, 0.9)),
    ),
    "note": (
        line((0.4, 0.85), (0.4, 0), (0.85, 0.3)), arc((0.22, 0.87), (0.18, 0.13), 0, 1),
    ),
    "root": (line((0, 0.6), (0.15, 0.5), (0.35, 1), (0.5, 0), (1, 0)),),
    "pi": (
        line((0, 0.1), (1, 0.1)), line((0.3, 0.1), (0.2, 1)),
        join(line((0.7, 0.1), (0.7, 0.9)), arc((0.82, 0.9), (0.12, 0.1), 0.5, 0.15)),
    ),
}  # fmt: skip
