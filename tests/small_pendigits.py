"""A small UNIPEN file of synthetic digits, in the format of Pendigits."""

import numpy as np

# The strokes of each digit: x and y, y upwards, in a box of 100 by 100.
SHAPES = {
    0: [[(50, 100), (20, 70), (20, 30), (50, 0), (80, 30), (80, 70), (50, 100)]],
    1: [[(30, 80), (50, 100), (50, 0)]],
    2: [[(20, 80), (50, 100), (80, 75), (20, 0), (80, 0)]],
    3: [[(20, 100), (80, 100), (45, 55), (80, 30), (50, 0), (20, 10)]],
    4: [[(60, 100), (15, 35), (85, 35)], [(65, 60), (65, 0)]],
    5: [[(75, 100), (25, 100), (25, 55), (70, 55), (75, 20), (45, 0), (20, 10)]],
    6: [[(70, 100), (30, 60), (20, 20), (50, 0), (80, 25), (50, 45), (25, 25)]],
    7: [[(15, 100), (80, 100), (40, 0)], [(30, 50), (75, 50)]],
    8: [[(50, 50), (25, 75), (50, 100), (75, 75), (50, 50), (20, 25), (50, 0), (80, 25), (50, 50)]],
    9: [[(75, 75), (50, 100), (25, 75), (50, 55), (75, 75), (70, 0)]],
}


def unipen(writers=30, per_writer=4):
    """Return the bytes of a file with several digits per writer, no two of them equal."""
    rng = np.random.default_rng(0)
    lines = [".INCLUDE Header.dat"]
    for number in range(writers * per_writer):
        label = number % 10
        lines += [
            f'.SEGMENT DIGIT {number} ? "{label}"',
            f".COMMENT {label} {1 + number // per_writer} 7",
        ]
        scale, offset = rng.uniform(3, 4), rng.integers(20, 80, 2)
        for stroke in SHAPES[label]:
            points = np.array(stroke) * scale + offset + rng.normal(0, 6, (len(stroke), 2))
            lines.append(".PEN_DOWN")
            lines += [f" {x} {y}" for x, y in points.round().astype(int)]
            lines += [".PEN_UP", ".DT 100"]
    return "\n".join([*lines, ""]).encode()
