"""Many images after preprocessing, stored as tests/golden/preprocessed/NAME-REVISION.png.

After raising a preprocessor's revision: python tests/preprocessing/golden_images.py
"""

from pathlib import Path

import numpy as np
from PIL import Image
from sample_images import SHADOWS, as_rgba, drawing, in_shadow, on_table, under_light, with_noise

from inkdigits.imaging.decode import decode
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import PREPROCESSORS

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = [*sorted(GOLDEN.glob("*.png")), *sorted(GOLDEN.glob("drawings/*.[pj]*g"))]
# Changing any constant of preprocessing by a quarter changes the result for at least one of these,
# except for a few constants that rarely matter.
SEEDS = (4, 6, 20, 24, 27, 30, 43, 58, 67, 73, 89, 100, 108, 112, 129, 138, 149, 176, 228, 246)


def random_image(seed):
    """Random strokes on random paper, at random: cropped, framed, ruled, shaded, noisy, large."""
    rng = np.random.default_rng(seed)
    side = int(np.exp(rng.uniform(np.log(20), np.log(400))))
    size = side * rng.uniform(0.1, 1.1)
    strokes = [
        rng.uniform(0, 1, 2) * (side - size) + rng.uniform(0, size, (rng.integers(2, 5), 2))
        for _ in range(rng.integers(1, 4))
    ]
    shape = (side, round(side * rng.uniform(0.5, 1.5)))
    inked = draw(strokes, size * rng.uniform(0.02, 0.5), shape)
    if rng.random() < 0.5:  # specks
        inked[rng.random(shape) < rng.uniform(0, 0.01)] = 255
    if rng.random() < 0.4:  # ruled lines
        step = max(4, side // int(rng.integers(3, 12)))
        inked[step // 2 :: step] = np.maximum(inked[step // 2 :: step], rng.integers(20, 200))
    if rng.random() < 0.4:  # a frame, or some of its sides
        inset = int(rng.integers(0, max(1, side // 6)))
        line = slice(inset, inset + 1 + side // 100)
        for turns in range(int(rng.integers(1, 5))):
            np.rot90(inked, turns)[line] = rng.integers(100, 256)
    paper, pen = rng.uniform(0, 255, 2)
    rgba = as_rgba(np.rint(paper + (pen - paper) * (inked / 255)).astype(np.uint8))
    if rng.random() < 0.2:
        rgba = on_table(rgba, rng.integers(0, 256, 3), 8, 8, (16, 16))
    if rng.random() < 0.3:
        rgba = under_light(rgba, rng.uniform(0, 0.6), rng.choice(list(SHADOWS)))
    elif rng.random() < 0.3:
        rgba = in_shadow(rgba, rng.uniform(0.2, 1.2))
    if rng.random() < 0.3:
        rgba = with_noise(rgba, rng.uniform(0, 10))
    if rng.random() < 0.1:
        scale = 2500 // side
        rgba = rgba.repeat(scale, axis=0).repeat(scale, axis=1)
    elif rng.random() < 0.1:
        rgba = np.pad(rgba, ((1500, 700), (900, 800), (0, 0)), mode="edge")
    return rgba


def images():
    """Yield the golden drawings, random images, and digits of two sizes in large images."""
    yield from (decode(file.read_bytes()) for file in FILES)
    yield from map(random_image, SEEDS)
    for size in (350, 450):
        yield drawing(2100, 2100, top=300, left=1500, size=size, pen=50)


def preprocessed(name):
    """Preprocess all images, and place the results side by side: uint8 (28, 28 N)."""
    return np.hstack([PREPROCESSORS[name].from_image(image) for image in images()])


def path(name):
    """Return where the results of the preprocessor's current revision are stored."""
    return GOLDEN / "preprocessed" / f"{name}-{PREPROCESSORS[name].revision}.png"


if __name__ == "__main__":
    for name in PREPROCESSORS:
        Image.fromarray(preprocessed(name)).save(path(name), optimize=True)
