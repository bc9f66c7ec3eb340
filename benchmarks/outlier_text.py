"""Non-digits that are set in fonts: letters, words, numbers and marks."""

import math

import numpy as np
from outlier_sources import OTHER_DIGITS, PICTOGRAMS, SCRIPTS, Font, Sources
from PIL import Image, ImageDraw

from inkdigits.arrays import Array, Generator

# For each digit, the letters that people take for it where they expect a digit. Of the Latin ones,
# the password generator pwgen omits B D G I O S Z and l as ambiguous; the others are their
# lowercase forms, or have the shape of a 6 or 9.
LOOK_LIKE_DIGITS = {
    0: "OoD Οο Оо",  # noqa: RUF001  the same ring; D has one straight side
    1: "Il Ιι 一工",  # noqa: RUF001  the same stroke, some with bars; 一 is a horizontal stroke
    2: "Zz Ζ 乙",  # noqa: RUF001  the same with corners, which many handwritten 2s have
    3: "Зз",
    4: "Чч",
    5: "Ss",
    6: "Gb σδ Бб Ьь",
    8: "B Ββ Вв",
    9: "qg",
}

# The same for digits of other scripts. Every script's zero is a ring, or a dot, which fills the
# picture; its one, two and three are often those that the Latin digits come from as well.
OTHER_LOOK_LIKE_DIGITS = {
    0: "٠ ٥ ۵ ० ০ ੦ ૦ ௦ ౦ ೦ ൦ ๐ ໐ ០",  # noqa: RUF001
    1: "١ ٨",  # noqa: RUF001  the second is a 1 with an upstroke from its foot
    2: "२ ২ ੨ ૨ ௨ ౭ ೭ ೨ ൨ ೩",
    3: "३ ੩ ૩ ౩",
    4: "੫ ૫",
    6: "৬ ໒ ៦",
    7: "٦",
    8: "४ ৪ ੪ ૪ ౪ ೪",  # noqa: RUF001  an 8 that is open at the top, or a 4
    9: "٩ १ ७ ৭ ੧ ੭ ૧ ૭ ౨ ൭ ๑ ໑ ១",  # noqa: RUF001
}


def letter(rng: Generator, sources: Sources, script: str) -> Image.Image:
    """Draw one letter of a script, or symbol, that does not look like a digit."""
    excluded = "".join(LOOK_LIKE_DIGITS.values())
    letters = [letter for letter in SCRIPTS[script] if letter not in excluded]
    return typeset(rng, sources.fonts[script], str(rng.choice(letters)))


def word(rng: Generator, sources: Sources) -> Image.Image:
    """Draw two to five lowercase letters."""
    letters = rng.choice(list(SCRIPTS["lowercase letters"]), rng.integers(2, 6))
    return typeset(rng, sources.fonts["lowercase letters"], "".join(letters))


def printed_number(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a number of two or three digits."""
    return typeset(rng, sources.fonts["lowercase letters"], str(rng.integers(10, 1000)))


def question_or_exclamation_mark(rng: Generator, sources: Sources) -> Image.Image:
    """Draw one of these marks, or two."""
    text = str(rng.choice(["?", "!", "?!", "!!", "??"], p=[0.5, 0.3, 0.1, 0.05, 0.05]))
    return typeset(rng, sources.fonts["uppercase letters"], text)


def digit_of_another_script(rng: Generator, sources: Sources) -> Image.Image:
    """Draw an Arabic, Indian or Southeast Asian digit that does not look like a Latin one."""
    excluded = "".join(OTHER_LOOK_LIKE_DIGITS.values())
    script = str(rng.choice(list(OTHER_DIGITS)))
    digits = [digit for digit in OTHER_DIGITS[script] if digit not in excluded]
    return typeset(rng, sources.fonts[script], str(rng.choice(digits)))


def pictogram(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a plus sign, star, asterisk, cross or check mark."""
    return typeset(rng, sources.fonts["pictograms"], str(rng.choice(list(PICTOGRAMS))))


def number_table(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a column of three to eight digits, or two to five rows of numbers."""
    fonts = sources.fonts["lowercase letters"]
    if rng.random() < 0.4:
        lines = [str(rng.integers(10)) for _ in range(rng.integers(3, 9))]
    else:
        columns, length = rng.integers(1, 4), rng.integers(2, 5)
        numbers = rng.integers(10 ** (length - 1), 10**length, (rng.integers(2, 6), columns))
        lines = ["  ".join(map(str, row)) for row in numbers]
    return typeset(rng, fonts, "\n".join(lines))


def typeset(rng: Generator, fonts: list[Font], text: str) -> Image.Image:
    """Set lines in one of the fonts, slightly rotated, slanted and stretched or condensed."""
    font = fonts[rng.integers(len(fonts))]
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font)
    image = Image.new("L", (int(right - left) + 80, int(bottom - top) + 80))
    ImageDraw.Draw(image).text((40 - left, 40 - top), text, fill=255, font=font)
    angle, slant, width = rng.normal(0, 0.08), rng.normal(0, 0.12), math.exp(rng.normal(0, 0.12))
    linear = rotation(angle) @ np.array([[width, slant], [0, 1]])
    center = np.array(image.size) / 2
    shift = center - linear @ center
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    transformed = image.transform(
        image.size, Image.Transform.AFFINE, matrix.ravel().tolist(), Image.Resampling.BILINEAR
    )
    return transformed.point(lambda ink: 255 - ink)


def rotation(angle: float) -> Array:
    """Return the matrix that rotates points by an angle in radians."""
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
