"""Non-digits that are made from handwritten digits."""

import numpy as np
from outlier_sources import Sources
from outlier_strokes import CANVAS
from PIL import Image, ImageChops, ImageOps

from inkdigits.arrays import Generator
from inkdigits.constants import IMAGE_SIDE

# For each half, the digits for which it does not look like a digit; for the others it does. Upper
# halves: 1, 4 and 6 look like a 1, 2 and 7 like a 7, 3 like a 2, 8 and 9 like a 0. Lower halves: 1,
# 4, 7 and 9 look like a 1, 6 and 8 like a 0. Left halves: 0, 1, 4 and 6 look like a 1, 2 sometimes
# like a 2, 5 and 9 sometimes like a 5, 7 like a 7, a slim 8 like an 8. All right halves look like a
# digit: 2 like a 2, 3 and 8 like a 3, 5 like a 5, and so on.
FRAGMENTS = {"upper": (0, 5), "lower": (0, 2, 3, 5), "left": (3,)}


def two_digits(rng: Generator, sources: Sources) -> Image.Image:
    """Draw two handwritten digits of similar size side by side, apart or just touching."""
    image = Image.new("L", (CANVAS, CANVAS), 255)
    left = 10
    for _ in range(2):
        digit = sources.digits.images[rng.integers(len(sources.digits))]
        rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
        cut = 255 - digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        height = int(rng.integers(45, 61))
        width = max(1, round(height * cut.shape[1] / cut.shape[0]))
        scaled = Image.fromarray(cut).resize((width, height), Image.Resampling.BICUBIC)
        image.paste(scaled, (left, int(rng.integers(40, 61))))
        left += width + int(rng.integers(0, 16))
    return image


def touching_digits(rng: Generator, sources: Sources) -> Image.Image:
    """Draw two handwritten digits that touch, or overlap a little; some are squeezed."""
    first, second = (_enlarged(rng, sources) for _ in range(2))
    size = (first.width + second.width, max(first.height, second.height))
    left, right = Image.new("L", size), Image.new("L", size)
    left.paste(first, (0, int(rng.integers(size[1] - first.height + 1))))
    right.paste(second, (first.width, int(rng.integers(size[1] - second.height + 1))))
    overlap = 0
    while overlap < first.width and not ImageChops.darker(left, right).getbbox():
        right = ImageChops.offset(right, -1, 0)
        overlap += 1
    right = ImageChops.offset(right, -int(rng.integers(2, 9)), 0)
    joined = ImageChops.lighter(left, right)
    joined = joined.crop(joined.getbbox())
    joined = joined.resize((round(joined.width * rng.uniform(0.55, 1)), joined.height))
    return ImageOps.expand(ImageOps.invert(joined), 20, 255)


def _enlarged(rng: Generator, sources: Sources) -> Image.Image:
    """Choose a digit, light on black, cropped to its ink, 60 to 100 px high."""
    digit = Image.fromarray(sources.digits.images[rng.integers(len(sources.digits))])
    cut = digit.crop(digit.getbbox())
    height = int(rng.integers(60, 101))
    return cut.resize((max(1, round(height * cut.width / cut.height)), height))


def digit_fragment(rng: Generator, sources: Sources) -> Image.Image:
    """Draw two fifths to a half of a handwritten digit, from one side."""
    side = str(rng.choice(list(FRAGMENTS)))
    numbers = np.flatnonzero(np.isin(sources.digits.labels, FRAGMENTS[side]))
    digit = Image.fromarray(sources.digits.images[rng.choice(numbers)])
    digit = digit.crop(digit.getbbox())
    width, height, share = digit.width, digit.height, rng.uniform(0.4, 0.5)
    boxes = {
        "upper": (0, 0, width, round(share * height)),
        "lower": (0, height - round(share * height), width, height),
        "left": (0, 0, round(share * width), height),
    }
    fragment = digit.crop(boxes[side])
    image = Image.new("L", (IMAGE_SIDE, IMAGE_SIDE))
    place = ((IMAGE_SIDE - fragment.width) // 2, (IMAGE_SIDE - fragment.height) // 2)
    image.paste(fragment, place)
    return image
