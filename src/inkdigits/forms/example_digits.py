"""The digits that a form shows to copy, as pen strokes: plain, and easy to tell apart."""

from inkdigits.arrays import Array
from inkdigits.data.letter_strokes import arc, join, line

# The strokes of 0 to 9, each float (M, 2): x from 0 to about 0.6, and y downwards from 0 to 1.
EXAMPLE_DIGITS: tuple[tuple[Array, ...], ...] = (
    (arc((0.32, 0.5), (0.29, 0.5), 0.75, -0.25),),
    (line((0.14, 0.24), (0.4, 0), (0.4, 1)),),
    (
        join(
            arc((0.31, 0.28), (0.28, 0.28), 0.52, 1.09),
            line((0.02, 1), (0.62, 1)),
        ),
    ),
    (
        join(
            arc((0.28, 0.25), (0.27, 0.25), 0.57, 1.22),
            arc((0.27, 0.735), (0.31, 0.265), 0.78, 1.43),
        ),
    ),
    (line((0.42, 0), (0.0, 0.66), (0.64, 0.66)), line((0.46, 0.36), (0.46, 1))),
    (
        join(
            line((0.54, 0), (0.12, 0), (0.08, 0.45)),
            arc((0.27, 0.69), (0.31, 0.31), 0.63, 1.42),
        ),
    ),
    (
        join(
            arc((0.6, 0.68), (0.58, 0.7), 0.73, 0.5),
            arc((0.31, 0.7), (0.29, 0.3), 0.5, -0.52),
        ),
    ),
    (line((0.02, 0), (0.6, 0), (0.2, 1)),),
    (
        join(
            arc((0.31, 0.245), (0.25, 0.245), 0.95, 0.25),
            arc((0.31, 0.745), (0.29, 0.255), 0.75, 1.75),
            arc((0.31, 0.245), (0.25, 0.245), 0.25, -0.05),
        ),
    ),
    (
        join(
            arc((0.3, 0.3), (0.28, 0.3), 0.99, 0.0),
            line((0.58, 0.3), (0.5, 1)),
        ),
    ),
)
