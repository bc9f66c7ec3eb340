"""Kinds of pictures that people send, each made of real digits by a generator of its own.

Pillow and SciPy draw them, so that no code is shared with the preprocessing that they test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count as numbers
from typing import TypeAlias

import numpy as np
from bar_kinds import has_bar, own_bar, own_bar_on_ruled_paper
from edge_kinds import bar_at_an_edge, neighbors_stroke, papers_edge, table_corner, thumb
from file_kinds import (
    gif_with_tail,
    leaning,
    leaning_one,
    plain,
    png_with_tail,
    twelve_bits_in_sixteen,
    webp_with_tail,
)
from light_kinds import (
    black_corners,
    by_a_lamp,
    dark_corners,
    faint_and_dim,
    one_dark_corner,
    resized_to_28,
    small_in_uneven_light,
)
from line_kinds import (
    box_around,
    circle_around,
    touching_box,
    touching_circle,
    touching_underline,
    underline,
)
from tracing import Stroke, trace

from inkdigits.arrays import Generator
from inkdigits.data.mnist import Digits

Draw: TypeAlias = Callable[[list[Stroke], Generator], bytes]

SEED = 0
ALL = tuple(range(10))


def _any(strokes: list[Stroke]) -> bool:
    return True


@dataclass(frozen=True)
class Kind:
    """A kind of picture.

    draw    makes a file of the strokes of a digit, which are in a box whose longer side is 1
    aim     share of the pictures that should be accepted and recognized
    labels  the digits that it is drawn with
    fits    whether it can be drawn with these strokes
    """

    draw: Draw
    aim: float
    labels: tuple[int, ...] = ALL
    fits: Callable[[list[Stroke]], bool] = _any


BARRED = (2, 3, 4, 5, 7)

KINDS = {
    "drawn plainly": Kind(plain, 0.985),
    "black corners": Kind(black_corners, 0.98),
    "vignette": Kind(dark_corners, 0.95),
    "one dark corner": Kind(one_dark_corner, 0.95),
    "lamp": Kind(by_a_lamp, 0.95),
    "small photo in uneven light": Kind(small_in_uneven_light, 0.95),
    "uneven light, resized to 28x28": Kind(resized_to_28, 0.95),
    "corner of the table": Kind(table_corner, 0.95),
    "paper's edge": Kind(papers_edge, 0.95),
    "thumb": Kind(thumb, 0.95),
    "neighbor's cut stroke": Kind(neighbors_stroke, 0.95),
    "bar at the edge": Kind(bar_at_an_edge, 0.95),
    "box": Kind(box_around, 0.95),
    "touching box": Kind(touching_box, 0.95),
    "circle": Kind(circle_around, 0.95),
    "touching circle": Kind(touching_circle, 0.95),
    "underline": Kind(underline, 0.9),
    "touching underline": Kind(touching_underline, 0.9),
    "own bar": Kind(own_bar, 0.99, BARRED, has_bar),
    "own bar on ruled paper": Kind(own_bar_on_ruled_paper, 0.95, BARRED, has_bar),
    "faint and dim": Kind(faint_and_dim, 0.8),
    "leaning 1": Kind(leaning_one, 0.95, (1,)),
    "leaning": Kind(leaning, 0.95, tuple(label for label in ALL if label != 1)),
    "PNG with bytes behind its end": Kind(png_with_tail, 0.98),
    "GIF with bytes behind its end": Kind(gif_with_tail, 0.98),
    "WebP with bytes behind its end": Kind(webp_with_tail, 0.98),
    "12 bits in a 16-bit PNG": Kind(twelve_bits_in_sixteen, 0.98),
}


def pictures(name: str, digits: Digits, count: int) -> Iterator[tuple[int, bytes]]:
    """Draw pictures of one kind, cycling through the digits; they are always the same.

    name     one of KINDS
    yields   the label and the file of each picture
    raises   ValueError if none of the digits fits the kind
    """
    kind = KINDS[name]
    suitable = np.flatnonzero(np.isin(digits.labels, kind.labels))
    made = 0
    for number in numbers():
        if made == count:
            return
        if number >= len(suitable) and made == 0:
            raise ValueError(f"none of the digits fits the kind {name}")
        digit = suitable[number % len(suitable)]
        strokes = trace(digits.images[digit])
        if kind.fits(strokes):
            # Each picture has its own generator, so it does not depend on the others.
            rng = np.random.default_rng((SEED, *name.encode(), number))
            yield int(digits.labels[digit]), kind.draw(strokes, rng)
            made += 1
