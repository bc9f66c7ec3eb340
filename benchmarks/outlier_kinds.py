"""Images of non-digits as PNG files, to measure how many of them a model rejects.

None of them is used for training. No function is shared with `inkdigits.data.outliers`, which has
no fonts, photographs or clothing; the kinds that both have (Latin letters, digits cut or put
together, scribbles, dashes, shapes, noise) are drawn differently here. There are two disjoint
splits, each with its own fonts, digits, photographs and random numbers: "development", for
improving the training data and the network, and "test", for the reported figures.

Only images that people would take for a digit are excluded, by the lists and rules of
LOOK_LIKE_DIGITS, FRAGMENTS, NARROW and OUTLINES.

The fonts, photographs and articles of clothing come from these Debian packages:

    apt-get install dataset-fashion-mnist mate-backgrounds fonts-breip fonts-bwht fonts-cantarell \
        fonts-comic-neue fonts-dancingscript fonts-dejavu-core fonts-dkg-handwriting fonts-dosis \
        fonts-ebgaramond fonts-ecolier-court fonts-femkeklaver fonts-freefont-ttf \
        fonts-humor-sans fonts-inconsolata fonts-isabella fonts-jura fonts-kaushanscript \
        fonts-klee fonts-kristi fonts-lato fonts-leckerli-one fonts-liberation2 fonts-open-sans \
        fonts-opendyslexic fonts-quicksand fonts-roboto-fontface fonts-rufscript \
        fonts-sil-gentiumplus fonts-sjfonts fonts-summersby fonts-tomsontalks fonts-vollkorn \
        fonts-yusei-magic
"""

import gzip
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.mnist import Digits

Split: TypeAlias = Literal["development", "test"]
Point: TypeAlias = tuple[float, float]
Font: TypeAlias = ImageFont.FreeTypeFont

SPLITS: tuple[Split, ...] = ("development", "test")
FONTS = Path("/usr/share/fonts")
FASHION = Path("/usr/share/datasets/fashion-mnist")
PHOTOGRAPHS = Path("/usr/share/backgrounds/mate/nature")

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

# For each half, the digits for which it does not look like a digit; for the others it does. Upper
# halves: 1, 4 and 6 look like a 1, 2 and 7 like a 7, 3 like a 2, 8 and 9 like a 0. Lower halves: 1,
# 4, 7 and 9 look like a 1, 6 and 8 like a 0. Left halves: 0, 1, 4 and 6 look like a 1, 2 sometimes
# like a 2, 5 and 9 sometimes like a 5, 7 like a 7, a slim 8 like an 8. All right halves look like a
# digit: 2 like a 2, 3 and 8 like a 3, 5 like a 5, and so on.
FRAGMENTS = {"upper": (0, 5), "lower": (0, 2, 3, 5), "left": (3,)}

# A narrow, upright image looks like a 1. If it is of one of these kinds, another one is drawn.
NARROW = 0.5  # largest ratio of width to length
UPRIGHT_DEGREES = 50  # how far from upright a 1 may lean
MAY_BE_NARROW = ("digit fragments", "hatching", "filled shapes", "blots")


@dataclass(frozen=True, eq=False)
class Sources:
    """The material that images are made from.

    digits       real digits to put side by side or to cut
    clothes      uint8 (N, 28, 28), Fashion-MNIST
    photographs  each uint8 (H, W, 3)
    fonts        for each script, the fonts that have all its letters
    """

    digits: Digits
    clothes: Pixels
    photographs: list[Pixels]
    fonts: dict[str, list[Font]]


Kind: TypeAlias = Callable[[Generator, Sources], Image.Image]

CANVAS = 160  # px, side of most images
FONT_PX = 72

SCRIPTS = {
    "uppercase letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lowercase letters": "abcdefghijklmnopqrstuvwxyz",
    "Greek letters": "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω",
    "Cyrillic letters": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзиклмнопрстуфхцчшщъыьэюя",
    "Chinese characters": "一人大小中山川水火木金土日月田目口手足車馬魚鳥犬牛花草林森空雨雪風電"
    "東西南北上下左右前後内外高低長短新古多少早明暗父母子女男友先生学校本文字書読話語言"
    "行来出入立休見聞食飲買売作使思知今年時分国家町村道駅店工乙王玉石糸竹虫貝赤青白黒",
    "symbols": "&@#?%+=*$€£<>~^§",
}

# One or two upright faces per family, handwriting first. Those at even indices are for development.
FACES = (
    "dkg.ttf", "Breip.ttf", "DancingScript-Regular.otf", "femkeklaver.ttf",
    "Ecolier-court.ttf", "Isabella.ttf", "KaushanScript-Regular.otf", "Kristi.ttf",
    "LeckerliOne-Regular.ttf", "Rufscript010.ttf", "SteveHand.ttf", "Delphine.ttf",
    "TomsonTalks.ttf", "summersby.ttf", "Humor-Sans.ttf", "BecauseWeLearn-Regular.otf",
    "ComicNeue-Regular.otf", "BecauseWeCreate-Regular.otf", "KleeOne-Regular.ttf",
    "YuseiMagic-Regular.ttf", "DejaVuSans.ttf", "FreeSans.ttf", "DejaVuSerif.ttf",
    "FreeSerif.ttf", "Lato-Light.ttf", "Cantarell-Regular.otf", "OpenSans-Regular.ttf",
    "Roboto-Regular.ttf", "LiberationMono-Regular.ttf", "Inconsolata.otf", "Jura-Medium.otf",
    "Dosis-Book.otf", "GentiumPlus-Regular.ttf", "EBGaramond12-Regular.otf",
    "LiberationSerif-Bold.ttf", "Vollkorn-Regular.ttf", "Quicksand-Medium.ttf",
    "OpenDyslexic-Regular.otf", "LiberationSans-Regular.ttf", "Roboto-Light.ttf",
)  # fmt: skip

UPPERCASE_ONLY = (
    "TomsonTalks.ttf", "Humor-Sans.ttf",
    "BecauseWeLearn-Regular.otf", "BecauseWeCreate-Regular.otf",
)  # fmt: skip


def load(split: Split, digits: Digits) -> Sources:
    """Load the material for one split.

    digits   validation digits for "development", test digits for "test"
    raises   FileNotFoundError, which names the packages, if something is not installed
    """
    fashion, photographs = FASHION / "t10k-images-idx3-ubyte.gz", []
    if split == "development":
        fashion = FASHION / "train-images-idx3-ubyte.gz"
    try:
        clothes = np.frombuffer(gzip.decompress(fashion.read_bytes()), np.uint8, offset=16)
        if split == "development":
            from sklearn.datasets import load_sample_images  # not installed for the tests

            photographs = list(load_sample_images().images)
        else:
            paths = sorted(PHOTOGRAPHS.iterdir())
            photographs = [np.array(Image.open(path).convert("RGB")) for path in paths]
        fonts = _fonts(FACES[SPLITS.index(split) :: 2])
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}. Install the packages listed here:\n{__doc__}") from None
    return Sources(digits, clothes.reshape(-1, 28, 28), photographs, fonts)


def _fonts(faces: tuple[str, ...]) -> dict[str, list[Font]]:
    files = {path.name: path for path in FONTS.rglob("*")}
    missing = [face for face in faces if face not in files]
    if missing:
        raise FileNotFoundError(f"missing fonts: {', '.join(missing)}")
    loaded = {face: ImageFont.truetype(files[face], FONT_PX) for face in faces}
    fonts = {
        script: [font for font in loaded.values() if _has(font, letters)]
        for script, letters in SCRIPTS.items()
    }
    # Some fonts have uppercase letters in place of lowercase ones.
    uppercase = [font for face, font in loaded.items() if face in UPPERCASE_ONLY]
    lowercase = [font for font in fonts["lowercase letters"] if font not in uppercase]
    return fonts | {"lowercase letters": lowercase}


def _has(font: Font, letters: str) -> bool:
    """Return whether a font has all letters; for a missing one it draws a box, or nothing."""

    def glyph(letter: str) -> bytes:
        return bytes(font.getmask(letter))

    missing = {glyph("\uffff"), glyph(" "), b""}
    return not any(glyph(letter) in missing for letter in letters)


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


# ---- letters and digits ------------------------------------------------------------------------


def letter(rng: Generator, sources: Sources, script: str) -> Image.Image:
    """Draw one letter of a script, or symbol, that does not look like a digit."""
    excluded = "".join(LOOK_LIKE_DIGITS.values())
    letters = [letter for letter in SCRIPTS[script] if letter not in excluded]
    return _typeset(rng, sources.fonts[script], str(rng.choice(letters)))


def word(rng: Generator, sources: Sources) -> Image.Image:
    """Draw two to five lowercase letters."""
    letters = rng.choice(list(SCRIPTS["lowercase letters"]), rng.integers(2, 6))
    return _typeset(rng, sources.fonts["lowercase letters"], "".join(letters))


def printed_number(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a number of two or three digits."""
    return _typeset(rng, sources.fonts["lowercase letters"], str(rng.integers(10, 1000)))


def _typeset(rng: Generator, fonts: list[Font], text: str) -> Image.Image:
    """Set text in one of the fonts, slightly rotated, slanted and stretched or condensed."""
    font = fonts[rng.integers(len(fonts))]
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 80, int(bottom - top) + 80))
    ImageDraw.Draw(image).text((40 - left, 40 - top), text, fill=255, font=font)
    angle, slant, width = rng.normal(0, 0.08), rng.normal(0, 0.12), math.exp(rng.normal(0, 0.12))
    linear = _rotation(angle) @ np.array([[width, slant], [0, 1]])
    center = np.array(image.size) / 2
    shift = center - linear @ center
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    transformed = image.transform(
        image.size, Image.Transform.AFFINE, matrix.ravel().tolist(), Image.Resampling.BILINEAR
    )
    return transformed.point(lambda ink: 255 - ink)


def _rotation(angle: float) -> Array:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


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


# ---- lines -------------------------------------------------------------------------------------


def scribble(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a line that wanders back and forth, at least six times as long as the field is wide."""
    heading = rng.normal(0, rng.uniform(0.2, 0.5), rng.integers(150, 300)).cumsum()
    walk = np.stack([np.cos(heading), np.sin(heading)]).cumsum(axis=1)
    return _pen(rng, _reflected(walk))


def _reflected(walk: Array) -> Array:
    """Reflect a walk at the borders of a field.

    walk     float (2, M), steps of length 1
    returns  float (2, M), in a field of 24 by 24
    """
    return np.abs((walk + 12) % 48 - 24)


def lissajous_curve(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a Lissajous curve with two different frequencies."""
    t = np.linspace(0, 2 * math.pi * rng.uniform(0.8, 1.6), 300)
    across, down = rng.choice([3, 4, 5, 7, 8], 2, replace=False)
    drift = rng.uniform(0.0, 0.5) * t
    line = np.stack([np.cos(across * t + rng.uniform(0, 6)) + drift, np.sin(down * t)])
    return _pen(rng, line)


def hatching(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a zigzag that fills an area, as when crossing something out."""
    count = int(rng.integers(7, 20))
    x = np.arange(count) * rng.uniform(0.1, 0.5) + rng.normal(0, 0.1, count)
    y = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.7, 1.3, count)
    return _pen(rng, _rotation(rng.uniform(0, math.pi)) @ np.stack([x, y]))


def dash(rng: Generator, sources: Sources) -> Image.Image:
    """Draw one to three strokes within 30 degrees of horizontal, or a row of dots."""
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen = ImageDraw.Draw(image)
    width = int(rng.integers(3, 16))
    middle, length = rng.uniform(60, 100, 2), rng.uniform(40, 110)
    angle = math.radians(rng.uniform(-30, 30))
    along = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    form = rng.choice(["stroke", "strokes", "dots"], p=[0.6, 0.2, 0.2])
    if form == "dots":
        for place in np.linspace(-1, 1, int(rng.integers(2, 5))):
            _dot(pen, middle + place * along, width / 2 + 2)
    else:
        for number in range(1 if form == "stroke" else int(rng.integers(2, 4))):
            first, last = (middle + sign * along + [0, number * 2.5 * width] for sign in (-1, 1))
            pen.line([*first, *last], fill=0, width=width)
            _dot(pen, first, width / 2)
            _dot(pen, last, width / 2)
    return image


def _dot(pen: ImageDraw.ImageDraw, middle: Array, radius: float) -> None:
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)


def _pen(rng: Generator, line: Array) -> Image.Image:
    """Draw one line over most of the canvas.

    line  float (2, M), x and y of any size
    """
    first = line.min(axis=1, keepdims=True)
    size = rng.uniform(70, 120)
    points = 20 + (line - first) * size / (line.max(axis=1, keepdims=True) - first).max()
    image = Image.new("L", (CANVAS, CANVAS), 255)
    width = int(rng.integers(2, 9))
    ImageDraw.Draw(image).line(points.T.ravel().tolist(), fill=0, width=width, joint="curve")
    return image


# ---- shapes ------------------------------------------------------------------------------------


def _regular(corners: int, inner: float = 0.0) -> list[Point]:
    """Return a regular polygon, or a star if there is an inner radius."""
    count = 2 * corners if inner else corners
    radii = [inner if inner and number % 2 else 1.0 for number in range(count)]
    angles = [2 * math.pi * number / count - math.pi / 2 for number in range(count)]
    pairs = zip(radii, angles, strict=True)
    return [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in pairs]


def _heart() -> list[Point]:
    angles = np.linspace(0, 2 * math.pi, 40)
    x = np.sin(angles) ** 3
    y = 13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles) - np.cos(4 * angles)
    return list(zip(x.tolist(), (-y / 16).tolist(), strict=True))


def _crescent() -> list[Point]:
    outer = np.linspace(0.9, 2 * math.pi - 0.9, 30)
    inner = outer[::-1]
    x = np.concatenate([np.cos(outer), 0.45 + 0.6 * np.cos(inner)])
    y = np.concatenate([np.sin(outer), 0.85 * np.sin(inner)])
    return list(zip(x.tolist(), y.tolist(), strict=True))


# A circle is excluded because it looks like a 0, and anything narrow because it looks like a 1.
OUTLINES: dict[str, list[Point]] = {
    "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "triangle": _regular(3),
    "diamond": [(0, -1), (0.8, 0), (0, 1), (-0.8, 0)],
    "pentagon": _regular(5),
    "star": _regular(5, 0.4),
    "six-pointed star": _regular(6, 0.55),
    "heart": _heart(),
    "crescent": _crescent(),
    "arrow": [
        (-1, -0.25), (0.2, -0.25), (0.2, -0.7), (1, 0), (0.2, 0.7), (0.2, 0.25), (-1, 0.25),
    ],
    "cross": [
        (-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
        (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3),
    ],
    "house": [(-0.8, 1), (-0.8, -0.1), (0, -1), (0.8, -0.1), (0.8, 1)],
    "trapezoid": [(-0.5, -0.7), (0.5, -0.7), (1, 0.7), (-1, 0.7)],
}  # fmt: skip


def outlined_shape(rng: Generator, sources: Sources) -> Image.Image:
    """Draw the outline of a figure."""
    image, points = _shape(rng)
    closed = [value for point in [*points, *points[:2]] for value in point]
    width = int(rng.integers(3, 13))
    ImageDraw.Draw(image).line(closed, fill=0, width=width, joint="curve")
    return image


def filled_shape(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a filled figure."""
    image, points = _shape(rng)
    ImageDraw.Draw(image).polygon(points, fill=0)
    return image


def _shape(rng: Generator) -> tuple[Image.Image, list[Point]]:
    """Choose an outline, slightly rotated and distorted, and a blank canvas for it."""
    name = str(rng.choice(list(OUTLINES)))
    # An arrow never points up or down, where it could look like a 1.
    limit = 0.5 if name in ("arrow", "square", "diamond", "house") else math.pi
    linear = _rotation(rng.uniform(-limit, limit))
    linear = linear @ np.diag(rng.uniform(0.8, 1.2, 2)) * rng.uniform(25, 50)
    points = np.array(OUTLINES[name]) @ linear.T + CANVAS / 2 + rng.uniform(-10, 10, 2)
    return Image.new("L", (CANVAS, CANVAS), 255), [(x, y) for x, y in points.tolist()]


def doodle(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a face, a person, a tree, a flower, a fish, the sun, a cup or a window in strokes."""
    strokes = DOODLES[str(rng.choice(list(DOODLES)))]
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen, width = ImageDraw.Draw(image), int(rng.integers(3, 9))
    skew = np.eye(2) + rng.normal(0, 0.08, (2, 2))
    for stroke in strokes:
        points = np.array(stroke) + rng.normal(0, 0.03, 2)
        points = (points @ skew) * rng.uniform(40, 44) + CANVAS / 2
        pen.line(points.ravel().tolist(), fill=0, width=width, joint="curve")
    return image


def _round(x: float, y: float, across: float, down: float, *turns: float) -> list[Point]:
    """Return an ellipse around x, y, or its arc between two angles, in turns from 0 to 1."""
    first, last = turns or (0.0, 1.0)
    angles = np.linspace(2 * math.pi * first, 2 * math.pi * last, 24)
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


def _rays(inner: float, outer: float, count: int) -> list[list[Point]]:
    unit = _regular(count)
    return [[(inner * x, inner * y), (outer * x, outer * y)] for x, y in unit]


DOODLES: dict[str, list[list[Point]]] = {
    "face": [
        _round(0, 0, 1, 1), _round(-0.4, -0.3, 0.1, 0.1), _round(0.4, -0.3, 0.1, 0.1),
        _round(0, 0.1, 0.5, 0.5, 0.05, 0.45),
    ],
    "person": [
        _round(0, -0.75, 0.25, 0.25), [(0, -0.5), (0, 0.3)], [(-0.6, -0.2), (0.6, -0.2)],
        [(-0.5, 1), (0, 0.3), (0.5, 1)],
    ],
    "tree": [_round(0, -0.4, 0.7, 0.6), [(-0.12, 0.2), (-0.15, 1)], [(0.12, 0.2), (0.15, 1)]],
    "flower": [
        _round(0, -0.5, 0.18, 0.18), *(_round(0.35 * x, -0.5 + 0.35 * y, 0.2, 0.2)
        for x, y in _regular(6)), [(0, -0.1), (0, 1)],
    ],
    "fish": [
        _round(-0.2, 0, 0.7, 0.4), [(0.5, 0), (1, -0.4), (1, 0.4), (0.5, 0)],
        _round(-0.6, -0.1, 0.05, 0.05),
    ],
    "sun": [_round(0, 0, 0.5, 0.5), *_rays(0.65, 1, 8)],
    "cup": [
        [(-0.7, -0.6), (-0.6, 0.7), (0.4, 0.7), (0.5, -0.6), (-0.7, -0.6)],
        _round(0.5, 0, 0.4, 0.35, -0.25, 0.25),
    ],
    "window": [
        [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8)],
        [(0, -0.8), (0, 0.8)], [(-0.8, 0), (0.8, 0)],
    ],
}  # fmt: skip


def blot(rng: Generator, sources: Sources) -> Image.Image:
    """Draw overlapping drops of ink."""
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen = ImageDraw.Draw(image)
    spread = rng.uniform(5, 25, 2)
    for _ in range(rng.integers(1, 13)):
        x, y = np.clip(rng.normal(CANVAS / 2, spread), 30, CANVAS - 30)
        across, down = rng.uniform(6, 28, 2)
        pen.ellipse((x - across, y - down, x + across, y + down), fill=0)
    return image


# ---- noise and photographs ---------------------------------------------------------------------


def white_noise(rng: Generator, sources: Sources) -> Image.Image:
    """Draw independent pixels: uniform or normally distributed grays, or black and white."""
    height = rng.integers(28, 121)
    shape = (height, round(height * rng.uniform(0.7, 1.5)))
    variants = (
        rng.uniform(0, 256, shape),
        rng.normal(rng.uniform(60, 200), rng.uniform(10, 60), shape),
        255.0 * (rng.random(shape) < rng.uniform(0.05, 0.5)),
    )
    return _grayscale(variants[rng.integers(len(variants))])


def pink_noise(rng: Generator, sources: Sources) -> Image.Image:
    """Draw noise whose amplitude falls with a power of the frequency, from 0.7 to 2."""
    size = int(rng.integers(32, 97))
    down, across = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    frequency = np.maximum(np.hypot(down, across), 1 / size)
    waves = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    noise = np.fft.irfft2(waves / frequency ** rng.uniform(0.7, 2), (size, size))
    return _grayscale(128 + rng.uniform(30, 80) * noise / noise.std())


def tiles(rng: Generator, sources: Sources) -> Image.Image:
    """Draw coarse tiles in random grays, or in black and white."""
    count = int(rng.integers(3, 12))
    grid = rng.random((count, count))
    if rng.random() < 0.5:
        grid = np.rint(grid)
    return _grayscale(255 * grid).resize((96, 96), Image.Resampling.NEAREST)


def clothing(rng: Generator, sources: Sources) -> Image.Image:
    """Return an image of Fashion-MNIST."""
    return Image.fromarray(sources.clothes[rng.integers(len(sources.clothes))])


def photograph(rng: Generator, sources: Sources) -> Image.Image:
    """Crop a photograph to between a twelfth of its height and all of it."""
    whole = sources.photographs[rng.integers(len(sources.photographs))]
    height, width = whole.shape[:2]
    side = round(height * math.exp(rng.uniform(-math.log(12), 0)))
    top, left = rng.integers(height - side + 1), rng.integers(max(width - side, 0) + 1)
    cut = Image.fromarray(whole[top : top + side, left : left + side])
    return cut.resize((140, 140), Image.Resampling.BOX)


def blurred_photograph(rng: Generator, sources: Sources) -> Image.Image:
    """Crop a photograph and blur it."""
    return photograph(rng, sources).filter(ImageFilter.GaussianBlur(rng.uniform(2, 10)))


def _grayscale(pixels: Array) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


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
}
