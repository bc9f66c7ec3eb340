"""Draw the images in this folder: ten hand-drawn digits, each under four conditions.

python tests/golden/drawings/draw.py
"""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "benchmarks"))

from drawing_conditions import Conditions  # noqa: E402
from drawing_simulator import draw  # noqa: E402


def arc(row, column, down, right, start, end):
    """Points of an elliptical arc; angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 40))
    return np.stack([row + down * np.sin(angles), column + right * np.cos(angles)], axis=1)


def path(*points):
    """A polyline through (row, column) points of a digit of height 1."""
    return np.array(points, float)


DIGITS = {
    0: [arc(0.5, 0.32, 0.5, 0.32, -80, 290)],
    1: [path((0.22, 0), (0, 0.2), (1, 0.16))],
    2: [np.concatenate([arc(0.28, 0.32, 0.28, 0.31, 190, 390), path((1, 0), (0.97, 0.68))])],
    3: [
        np.concatenate(
            [arc(0.24, 0.26, 0.24, 0.28, 200, 450), arc(0.73, 0.26, 0.27, 0.34, 270, 515)]
        )
    ],
    4: [path((0, 0.36), (0.64, 0), (0.62, 0.7)), path((0.3, 0.5), (1, 0.44))],
    5: [
        np.concatenate([path((0.02, 0.14), (0.42, 0.1)), arc(0.68, 0.26, 0.32, 0.34, 240, 510)]),
        path((0.02, 0.16), (0, 0.62)),
    ],
    6: [np.concatenate([path((0, 0.42), (0.25, 0.14)), arc(0.73, 0.28, 0.27, 0.27, 185, 545)])],
    7: [path((0.03, 0), (0, 0.62), (1, 0.2)), path((0.5, 0.16), (0.47, 0.6))],
    8: [arc(0.24, 0.3, 0.24, 0.24, 90, 450), arc(0.74, 0.3, 0.26, 0.3, -90, 270)],
    9: [np.concatenate([arc(0.28, 0.28, 0.28, 0.27, -10, 350), path((0.6, 0.52), (1, 0.42))])],
}

# What all cases have in common; CASES lists what each one changes.
PLAIN = {
    "canvas": (280, 280, 1),
    "place": "on the canvas",
    "size_px": 180,
    "pen_px": 16,
    "antialiased": True,
    "polarity": "dark on light",
    "color": "black and white",
    "file": "PNG",
}
CASES = {
    "thin-pen": {"pen_px": 1, "antialiased": False},
    "brush": {"pen_px": 36},
    "tiny-in-a-corner": {"canvas": (600, 450, 1), "size_px": 24, "pen_px": 2},
    "16-px-in-28": {"canvas": (28, 28, 1), "size_px": 16, "pen_px": 1, "antialiased": False},
    "whole-canvas": {"size_px": 266},
    "light-on-dark": {"polarity": "light on dark", "color": "gray"},
    "colored": {"color": "colored"},
    "transparent": {"file": "PNG, transparent"},
    "transparent-light": {"file": "PNG, transparent", "polarity": "light on dark"},
    "cropped": {"place": "cropped to the ink"},
    "blocks": {"canvas": (32, 32, 6), "size_px": 28, "pen_px": 3, "antialiased": False},
    "jpeg-artifacts": {"file": "JPEG 30-35", "size_px": 60, "pen_px": 5},
    "gradient": {"file": "JPEG 60-70", "light": "gradient"},
    "vignette": {"file": "JPEG 60-70", "light": "vignette", "polarity": "light on dark"},
    "shadow": {"file": "JPEG 60-70", "light": "shadow", "color": "gray"},
    "noise": {"file": "JPEG 30-35", "noise": "sensor", "blur": "slight"},
    "texture": {"file": "JPEG 30-35", "texture": "paper"},
    "ruled": {"ruled": "lines"},
    "squared": {"ruled": "squares"},
    "framed": {"frame": "line", "size_px": 130, "pen_px": 10},
    "on-a-table": {"frame": "table", "size_px": 130, "pen_px": 10},
    "dust": {"specks": "dust", "size_px": 110, "pen_px": 9},
    "photograph": {
        "file": "JPEG 60-70",
        "light": "gradient",
        "ruled": "squares",
        "noise": "sensor",
        "blur": "slight",
        "size_px": 150,
    },
}


def main():
    """Draw each digit four times; each case occurs once or twice."""
    names = list(CASES)
    for number in range(40):
        digit, name = number % 10, names[number % len(names)]
        rng = np.random.default_rng(number)
        conditions = Conditions(**(PLAIN | CASES[name]))
        data = draw(DIGITS[digit], conditions, rng)
        kind = "jpg" if conditions.file.startswith("JPEG") else "png"
        if kind == "png":
            file = BytesIO()
            Image.open(BytesIO(data)).save(file, "PNG", optimize=True)
            data = file.getvalue()
        (HERE / f"{digit}-{name}.{kind}").write_bytes(data)


if __name__ == "__main__":
    main()
