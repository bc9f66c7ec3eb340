"""Images of non-digits as PNG files, to measure how many of them a model rejects.

None of them is used for training. No function is shared with `inkdigits.data.outliers`, which has
no fonts, photographs or clothing; the kinds that both have (Latin letters, marks, digits cut or put
together, scribbles, dashes, shapes, noise) are drawn differently here. Training draws nothing like
other alphabets and their digits, words, hand signs or smileys. There are two disjoint
splits, each with its own fonts, digits, photographs and random numbers: "development", for
improving the training data and the network, and "test", for the reported figures.

Only images that people would take for a digit are excluded, by the lists and rules of
LOOK_LIKE_DIGITS, OTHER_LOOK_LIKE_DIGITS, FRAGMENTS, NARROW and OUTLINES.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import TypeAlias

import numpy as np
from outlier_digits import digit_fragment, touching_digits, two_digits
from outlier_drawings import hand_sign, plus_or_star, smiley
from outlier_shapes import blot, doodle, filled_shape, outlined_shape
from outlier_sources import SCRIPTS, SPLITS, Sources, Split, load
from outlier_strokes import dash, hatching, lissajous_curve, scribble
from outlier_text import (
    digit_of_another_script,
    letter,
    number_table,
    printed_number,
    question_or_exclamation_mark,
    word,
)
from outlier_textures import (
    blurred_photograph,
    clothing,
    photograph,
    pink_noise,
    tiles,
    white_noise,
)
from PIL import Image, ImageOps

from inkdigits.arrays import Generator

__all__ = ["KINDS", "SPLITS", "Sources", "Split", "draw", "load"]

Kind: TypeAlias = Callable[[Generator, Sources], Image.Image]

# A narrow, upright image looks like a 1. If it is of one of these kinds, another one is drawn.
NARROW = 0.5  # largest ratio of width to length
UPRIGHT_DEGREES = 50  # how far from upright a 1 may lean
MAY_BE_NARROW = ("digit fragments", "hatching", "filled shapes", "blots")

KINDS: dict[str, Kind] = {
    **{script: partial(letter, script=script) for script in SCRIPTS},
    "words": word,
    "printed numbers": printed_number,
    "two digits": two_digits,
    "digit fragments": digit_fragment,
    "scribbles": scribble,
    "Lissajous curves": lissajous_curve,
    "hatching": hatching,
    "dashes": dash,
    "outlined shapes": outlined_shape,
    "filled shapes": filled_shape,
    "doodles": doodle,
    "blots": blot,
    "white noise": white_noise,
    "pink noise": pink_noise,
    "tiles": tiles,
    "Fashion-MNIST": clothing,
    "photographs": photograph,
    "blurred photographs": blurred_photograph,
    # In this order, so that the random numbers of the kinds above stay what they were.
    "touching digits": touching_digits,
    "question and exclamation marks": question_or_exclamation_mark,
    "columns and tables": number_table,
    "digits of other scripts": digit_of_another_script,
    "hand signs": hand_sign,
    "smileys": smiley,
    "plus signs and stars": plus_or_star,
}


def draw(name: str, count: int, split: Split, sources: Sources) -> Iterator[bytes]:
    """Draw images of one kind; they are always the same.

    name    one of KINDS
    yields  `count` PNG files
    """
    for number in range(count):
        rng = np.random.default_rng((SPLITS.index(split), list(KINDS).index(name), number))
        image = KINDS[name](rng, sources)
        while name in MAY_BE_NARROW and _is_narrow(image):
            image = KINDS[name](rng, sources)
        file = BytesIO()
        image.save(file, "PNG", compress_level=1)
        yield file.getvalue()


def _is_narrow(image: Image.Image) -> bool:
    """Return whether the ink, on a plain black or white background, is long and rather upright."""
    on_black = ImageOps.invert(image) if image.getpixel((0, 0)) else image
    covariance = np.cov(np.nonzero(np.array(on_black) > 127))  # of the rows and the columns
    (short, long), directions = np.linalg.eigh(covariance)
    is_upright = abs(directions[0, 1]) >= math.cos(math.radians(UPRIGHT_DEGREES))
    return bool(is_upright and short <= NARROW**2 * long)
