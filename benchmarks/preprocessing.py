"""Speed of the preprocessing: `classic` against a loop over pixels, and `ink` on drawings.

The write-up preprocesses image by image and pixel by pixel, and so does the loop here. Since `ink`
turns a drawing into what MNIST would have made of it, it should hardly change MNIST's own images.
To check that, the default model's accuracy on the test digits is measured with and without it.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from results_store import save_results

from inkdigits import Recognizer
from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data import mnist
from inkdigits.preprocessing import classic, ink

LOOPED = 1000  # images that the loop processes; all 60,000 would take about 20 s
ROUNDS = 5
DRAWING_ROUNDS = 51  # short times are noisier on a busy machine
CANVAS_SIDES = (28, 280, 1000, 4000)  # px


def by_loops(image: Pixels) -> Pixels:
    """Preprocess one image as `classic` does, pixel by pixel."""
    side = range(IMAGE_SIDE)
    places = [(r, c) for r in side for c in side if image[r, c] > classic.THRESHOLD]
    result = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    if not places:
        return result
    rows, columns = [r for r, _ in places], [c for _, c in places]
    down = (IMAGE_SIDE - (max(rows) - min(rows) + 1)) // 2 - min(rows)
    right = (IMAGE_SIDE - (max(columns) - min(columns) + 1)) // 2 - min(columns)
    for row, column in places:
        result[row + down, column + right] = 255
    for row in side:
        for column in side:
            if result[row, column] == 255:
                for r, c in (
                    (row - 1, column),
                    (row + 1, column),
                    (row, column - 1),
                    (row, column + 1),
                ):
                    if r in side and c in side and result[r, c] == 0:
                        result[r, c] = classic.EDGE
    return result


def drawing(side: int) -> Pixels:
    """Draw a black 2 with a pen a twentieth of the canvas wide, uint8 (side, side, 4)."""
    row, column = (np.mgrid[:side, :side] + 0.5) / side
    canvas = np.full((side, side, 4), 255, np.uint8)
    bow = np.abs(np.hypot(row - 0.35, column - 0.5) - 0.15) < 0.025
    bow &= (row < 0.35) | (column > 0.5)
    slope = (np.abs(row + column - 1.03) < 0.03) & (row > 0.43) & (row < 0.78)
    foot = (np.abs(row - 0.78) < 0.025) & (column > 0.25) & (column < 0.7)
    canvas[bow | slope | foot, :3] = 0
    return canvas


def unevenly_lit(canvas: Pixels, channels: int) -> Pixels:
    """Add light that falls off by 40%, and noise.

    channels   1 for the same noise in all colors, or 3
    """
    row, column = np.mgrid[: len(canvas), : canvas.shape[1]].astype(np.float32) / len(canvas)
    light = 1 - 0.4 * (0.6 * row + 0.4 * column * column)
    noise = 3 * np.random.default_rng(0).standard_normal((*row.shape, channels), np.float32)
    scan = canvas.copy()
    scan[..., :3] = np.clip(canvas[..., :3] * light[..., None] + noise, 0, 255)
    return scan


def accuracies() -> dict[str, float]:
    """Return the default model's accuracy on the test digits, with and without preprocessing."""
    digits, recognizer = mnist.load("test"), Recognizer.load()
    inputs = {"preprocessed": recognizer.preprocess_mnist(digits.images), "raw": digits.images}
    return {
        name: float(
            np.mean(recognizer.predict_batch(x).probabilities.argmax(axis=1) == digits.labels)
        )
        for name, x in inputs.items()
    }


def seconds(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measure; print and save the figures."""
    images = mnist.load("train").images
    classic_s = seconds(lambda: classic.from_mnist(images))
    loops_s = seconds(lambda: [by_loops(image) for image in images[:LOOPED]], rounds=1)
    loops_s *= len(images) / LOOPED
    drawings = {f"{side}x{side}": drawing(side) for side in CANVAS_SIDES}
    for kind, channels in (("grayscale", 1), ("color", 3)):
        scan = unevenly_lit(drawing(CANVAS_SIDES[-1]), channels)
        drawings[f"{CANVAS_SIDES[-1]}x{CANVAS_SIDES[-1]}, uneven light, {kind}"] = scan
    figures = {
        "images": len(images),
        "classic_s": classic_s,
        "loops_s_extrapolated_from_1000": loops_s,
        "classic / loops": classic_s / loops_s,
        "ink_s": seconds(lambda: ink.from_mnist(images), rounds=1),
        "ink_ms_per_drawing": {
            name: 1e3 * seconds(partial(ink.from_image, rgba), DRAWING_ROUNDS)
            for name, rgba in drawings.items()
        },
        "test_accuracy": accuracies(),
    }
    for name, figure in figures.items():
        print(f"{name:30} {figure}")
    save_results("preprocessing", figures)


if __name__ == "__main__":
    main()
