"""Time of the clean-ups: `classic` against the same done by loops over pixels, and `ink`.

The write-up cleans picture by picture and pixel by pixel; the loops here do as it does. And since
`ink` makes of a drawing what MNIST would have made of it, it should hardly change MNIST's own
digits: the default model's accuracy on the test digits, cleaned and as they are.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from measured import keep

from inkdigits import Recognizer
from inkdigits.arrays import Pixels
from inkdigits.data import mnist
from inkdigits.preprocessing import classic, ink

LOOPED = 1000  # pictures that the loops are given: all 60,000 take them most of a minute
ROUNDS = 5
ROUNDS_OF_ONE = 51  # of one drawing: a busy machine disturbs milliseconds more than seconds
SHEETS = (28, 280, 1000, 4000)  # px, the side of a drawing


def by_loops(picture: Pixels) -> Pixels:
    """What `classic` does, one pixel after the other."""
    places = [(r, c) for r in range(28) for c in range(28) if picture[r, c] > classic.THRESHOLD]
    cleaned = np.zeros((28, 28), np.uint8)
    if not places:
        return cleaned
    rows, columns = [r for r, _ in places], [c for _, c in places]
    down = (28 - (max(rows) - min(rows) + 1)) // 2 - min(rows)
    right = (28 - (max(columns) - min(columns) + 1)) // 2 - min(columns)
    for row, column in places:
        cleaned[row + down, column + right] = 255
    for row in range(28):
        for column in range(28):
            if cleaned[row, column] == 255:
                for r, c in (
                    (row - 1, column),
                    (row + 1, column),
                    (row, column - 1),
                    (row, column + 1),
                ):
                    if 0 <= r < 28 and 0 <= c < 28 and cleaned[r, c] == 0:
                        cleaned[r, c] = classic.EDGE
    return cleaned


def drawing(side: int) -> Pixels:
    """A black 2 with a pen of a twentieth of the sheet, uint8 (side, side, 4)."""
    grid = (np.mgrid[:side, :side] + 0.5) / side
    sheet = np.full((side, side, 4), 255, np.uint8)
    row, column = grid
    bow = np.abs(np.hypot(row - 0.35, column - 0.5) - 0.15) < 0.025
    bow &= (row < 0.35) | (column > 0.5)
    slope = (np.abs(row + column - 1.03) < 0.03) & (row > 0.43) & (row < 0.78)
    foot = (np.abs(row - 0.78) < 0.025) & (column > 0.25) & (column < 0.7)
    sheet[bow | slope | foot, :3] = 0
    return sheet


def unevenly_lit(sheet: Pixels, colors: int) -> Pixels:
    """Scan a drawing in light that falls off by 40%, with noise: one for all colors, or three."""
    row, column = np.mgrid[: len(sheet), : sheet.shape[1]].astype(np.float32) / len(sheet)
    light = 1 - 0.4 * (0.6 * row + 0.4 * column * column)
    noise = 3 * np.random.default_rng(0).standard_normal((*row.shape, colors), np.float32)
    scan = sheet.copy()
    scan[..., :3] = np.clip(sheet[..., :3] * light[..., None] + noise, 0, 255)
    return scan


def accuracies() -> dict[str, float]:
    """The default model's accuracy on the test digits, with and without its clean-up."""
    digits, recognizer = mnist.load("test"), Recognizer.load()
    pictures = {"cleaned": recognizer.preprocess_mnist(digits.images), "as they are": digits.images}
    return {
        name: float(np.mean(recognizer.probabilities(read).argmax(axis=1) == digits.labels))
        for name, read in pictures.items()
    }


def seconds(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median time of a call."""
    times = []
    for _ in range(rounds):
        since = time.perf_counter()
        call()
        times.append(time.perf_counter() - since)
    return statistics.median(times)


def main() -> None:
    """Measure, and print and keep the figures."""
    images = mnist.load("train").images
    classic_s = seconds(lambda: classic.from_mnist(images))
    loops_s = seconds(lambda: [by_loops(image) for image in images[:LOOPED]], rounds=1)
    loops_s *= len(images) / LOOPED
    drawings = {f"{side}x{side}": drawing(side) for side in SHEETS}
    for kind, colors in (("gray", 1), ("color", 3)):
        scan = unevenly_lit(drawing(SHEETS[-1]), colors)
        drawings[f"{SHEETS[-1]}x{SHEETS[-1]}, unevenly lit, {kind}"] = scan
    figures = {
        "pictures": len(images),
        "classic_s": classic_s,
        "loops_s, from 1,000 pictures": loops_s,
        "ratio classic / loops": classic_s / loops_s,
        "ink_s": seconds(lambda: ink.from_mnist(images), rounds=1),
        "ink of one drawing, ms": {
            name: 1e3 * seconds(partial(ink.from_image, rgba), ROUNDS_OF_ONE)
            for name, rgba in drawings.items()
        },
        "accuracy on the test digits": accuracies(),
    }
    for name, figure in figures.items():
        print(f"{name:30} {figure}")
    keep("preprocessing", figures)


if __name__ == "__main__":
    main()
