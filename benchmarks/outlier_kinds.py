"""Pictures of things that are no digits, to measure whether they are refused, as PNG files.

Nothing here had a part in training: no function is shared with `inkdigits.data.outliers`, no font,
photograph or piece of clothing is in it, and what both have (Latin letters, digits cut or put
together, scribbles, dashes, shapes, noise) is drawn otherwise here. And there are two of
everything. What belongs to "development" (its fonts, digits, photographs and random numbers) may be
looked at while the fitting is improved; what belongs to "report" gives the figures that are
reported.

What people would read as a digit after all is left out, by the lists and rules of READ_AS_DIGITS,
PIECES, NARROW and OUTLINES, and nothing else is.

The fonts, photographs and articles of clothing are those of these Debian packages:

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
from inkdigits.data.mnist import Digits

Part: TypeAlias = Literal["development", "report"]
Point: TypeAlias = tuple[float, float]
Font: TypeAlias = ImageFont.FreeTypeFont

PARTS: tuple[Part, ...] = ("development", "report")
FONTS = Path("/usr/share/fonts")
FASHION = Path("/usr/share/datasets/fashion-mnist")
PHOTOGRAPHS = Path("/usr/share/backgrounds/mate/nature")

# Of each digit the letters that are read as it where a digit is expected. Of the Latin ones, B D G
# I O S Z and l are among those that pwgen, which makes passwords, leaves out as ambiguous; the
# others are small forms of them, or have the shape of 6 or 9.
READ_AS_DIGITS = {
    0: "OoD Οο Оо",  # noqa: RUF001  the same ring; of D one side is straight
    1: "Il Ιι 一工",  # noqa: RUF001  the same stroke, at times with bars; the first is one, lying
    2: "Zz Ζ 乙",  # noqa: RUF001  the same with corners, and many a handwritten 2 has them
    3: "Зз",
    4: "Чч",
    5: "Ss",
    6: "Gb σδ Бб Ьь",
    8: "B Ββ Вв",
    9: "qg",
}

# Of which digits a half is read as no digit. Of the others it is: of the upper halves those of 1,
# 4 and 6 are strokes as in 1, of 2 and 7 a 7, of 3 a 2, of 8 and 9 a 0; of the lower halves those
# of 1, 4, 7 and 9 a 1, of 6 and 8 a 0; of the left halves those of 0, 1, 4 and 6 a 1, of 2 at
# times a 2, of 5 and 9 at times a 5, of 7 a 7, of slim 8s an 8; and all right halves, that of 2 a
# 2, of 3 and 8 a 3, of 5 a 5, and so on.
PIECES = {"upper": (0, 5), "lower": (0, 2, 3, 5), "left": (3,)}

NARROW = 0.5  # of its length: what is at most so broad and upright is read as a 1,
UPRIGHT_DEGREES = 50  # at most, from upright: so far a 1 may lean
MAY_BE_NARROW = ("pieces of digits", "hatching", "filled shapes", "blots")  # if it is one of these


@dataclass(frozen=True, eq=False)
class Sources:
    """What pictures are made of.

    digits       real digits to put side by side or to cut
    clothes      uint8 (N, 28, 28), Fashion-MNIST
    photographs  each uint8 (H, W, 3)
    fonts        of each script, the fonts that have all its letters
    """

    digits: Digits
    clothes: Pixels
    photographs: list[Pixels]
    fonts: dict[str, list[Font]]


Kind: TypeAlias = Callable[[Generator, Sources], Image.Image]

SHEET = 160  # px, side of most sheets
LETTER_PX = 72  # of a font

SCRIPTS = {
    "capital letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "small letters": "abcdefghijklmnopqrstuvwxyz",
    "Greek letters": "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω",
    "Cyrillic letters": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзиклмнопрстуфхцчшщъыьэюя",
    "Chinese characters": "一人大小中山川水火木金土日月田目口手足車馬魚鳥犬牛花草林森空雨雪風電"
    "東西南北上下左右前後内外高低長短新古多少早明暗父母子女男友先生学校本文字書読話語言"
    "行来出入立休見聞食飲買売作使思知今年時分国家町村道駅店工乙王玉石糸竹虫貝赤青白黒",
    "signs": "&@#?%+=*$€£<>~^§",
}

# One or two upright faces of a family, handwriting first; the even ones are for development.
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

CAPITALS_ONLY = (
    "TomsonTalks.ttf", "Humor-Sans.ttf",
    "BecauseWeLearn-Regular.otf", "BecauseWeCreate-Regular.otf",
)  # fmt: skip


def load(part: Part, digits: Digits) -> Sources:
    """Load what pictures of one part are made of.

    digits   validation digits for development, and test digits for the report
    raises   FileNotFoundError, which names the packages, if something is not installed
    """
    fashion, photographs = FASHION / "t10k-images-idx3-ubyte.gz", []
    if part == "development":
        fashion = FASHION / "train-images-idx3-ubyte.gz"
    try:
        clothes = np.frombuffer(gzip.decompress(fashion.read_bytes()), np.uint8, offset=16)
        if part == "development":
            from sklearn.datasets import load_sample_images  # which the tests have not

            photographs = list(load_sample_images().images)
        else:
            paths = sorted(PHOTOGRAPHS.iterdir())
            photographs = [np.array(Image.open(path).convert("RGB")) for path in paths]
        fonts = _fonts(FACES[PARTS.index(part) :: 2])
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}. What to install:\n{__doc__}") from None
    return Sources(digits, clothes.reshape(-1, 28, 28), photographs, fonts)


def _fonts(faces: tuple[str, ...]) -> dict[str, list[Font]]:
    files = {path.name: path for path in FONTS.rglob("*")}
    missing = [face for face in faces if face not in files]
    if missing:
        raise FileNotFoundError(f"no fonts {', '.join(missing)}")
    loaded = {face: ImageFont.truetype(files[face], LETTER_PX) for face in faces}
    fonts = {
        script: [font for font in loaded.values() if _has(font, letters)]
        for script, letters in SCRIPTS.items()
    }
    # Where others have small letters, these have capitals once more.
    capitals = [font for face, font in loaded.items() if face in CAPITALS_ONLY]
    small = [font for font in fonts["small letters"] if font not in capitals]
    return fonts | {"small letters": small}


def _has(font: Font, letters: str) -> bool:
    """Whether a font can draw each of these; for what it lacks it draws a box, or nothing."""

    def drawn(letter: str) -> bytes:
        return bytes(font.getmask(letter))

    lacking = {drawn("\uffff"), drawn(" "), b""}
    return not any(drawn(letter) in lacking for letter in letters)


def draw(name: str, count: int, part: Part, sources: Sources) -> Iterator[bytes]:
    """Draw pictures of one kind, always the same.

    name    one of KINDS
    yields  PNG files, `count` of them
    """
    for number in range(count):
        rng = np.random.default_rng((PARTS.index(part), list(KINDS).index(name), number))
        picture = KINDS[name](rng, sources)
        while name in MAY_BE_NARROW and _is_narrow(picture):
            picture = KINDS[name](rng, sources)
        file = BytesIO()
        picture.save(file, "PNG", compress_level=1)
        yield file.getvalue()


def _is_narrow(picture: Image.Image) -> bool:
    """Whether the ink, on a sheet that is all black or all white, is long and rather upright."""
    on_black = ImageOps.invert(picture) if picture.getpixel((0, 0)) else picture
    spread = np.cov(np.nonzero(np.array(on_black) > 127))  # of the rows and the columns
    (short, long), directions = np.linalg.eigh(spread)
    is_upright = abs(directions[0, 1]) >= math.cos(math.radians(UPRIGHT_DEGREES))
    return bool(is_upright and short <= NARROW**2 * long)


# What is written.


def letter(rng: Generator, sources: Sources, script: str) -> Image.Image:
    """One letter of a script, or sign, that is not read as a digit."""
    read_as_digits = "".join(READ_AS_DIGITS.values())
    letters = [letter for letter in SCRIPTS[script] if letter not in read_as_digits]
    return _written(rng, sources.fonts[script], str(rng.choice(letters)))


def word(rng: Generator, sources: Sources) -> Image.Image:
    """Two to five small letters."""
    letters = rng.choice(list(SCRIPTS["small letters"]), rng.integers(2, 6))
    return _written(rng, sources.fonts["small letters"], "".join(letters))


def printed_number(rng: Generator, sources: Sources) -> Image.Image:
    """A number of two or three digits."""
    return _written(rng, sources.fonts["small letters"], str(rng.integers(10, 1000)))


def _written(rng: Generator, fonts: list[Font], text: str) -> Image.Image:
    """Write in one of the fonts, a little leaning, turned and broader or narrower than it is."""
    font = fonts[rng.integers(len(fonts))]
    left, top, right, bottom = font.getbbox(text)
    sheet = Image.new("L", (int(right - left) + 80, int(bottom - top) + 80))
    ImageDraw.Draw(sheet).text((40 - left, 40 - top), text, fill=255, font=font)
    angle, lean, broad = rng.normal(0, 0.08), rng.normal(0, 0.12), math.exp(rng.normal(0, 0.12))
    linear = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = linear @ np.array([[broad, lean], [0, 1]])
    middle = np.array(sheet.size) / 2
    shift = middle - linear @ middle
    rows = np.concatenate([linear, shift[:, None]], axis=1)
    turned = sheet.transform(
        sheet.size, Image.Transform.AFFINE, rows.ravel().tolist(), Image.Resampling.BILINEAR
    )
    return turned.point(lambda ink: 255 - ink)


def two_digits(rng: Generator, sources: Sources) -> Image.Image:
    """Two handwritten digits beside each other, apart or just touching, not quite of one size."""
    sheet = Image.new("L", (SHEET, SHEET), 255)
    left = 10
    for _ in range(2):
        digit = sources.digits.images[rng.integers(len(sources.digits))]
        rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
        cut = 255 - digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        height = int(rng.integers(45, 61))
        width = max(1, round(height * cut.shape[1] / cut.shape[0]))
        scaled = Image.fromarray(cut).resize((width, height), Image.Resampling.BICUBIC)
        sheet.paste(scaled, (left, int(rng.integers(40, 61))))
        left += width + int(rng.integers(0, 16))
    return sheet


def piece_of_digit(rng: Generator, sources: Sources) -> Image.Image:
    """Two fifths to a half of a handwritten digit, from one side of it."""
    side = str(rng.choice(list(PIECES)))
    numbers = np.flatnonzero(np.isin(sources.digits.labels, PIECES[side]))
    digit = Image.fromarray(sources.digits.images[rng.choice(numbers)])
    digit = digit.crop(digit.getbbox())
    width, height, share = digit.width, digit.height, rng.uniform(0.4, 0.5)
    boxes = {
        "upper": (0, 0, width, round(share * height)),
        "lower": (0, height - round(share * height), width, height),
        "left": (0, 0, round(share * width), height),
    }
    piece = digit.crop(boxes[side])
    sheet = Image.new("L", (28, 28))
    sheet.paste(piece, ((28 - piece.width) // 2, (28 - piece.height) // 2))
    return sheet


# What is scribbled.


def scribble(rng: Generator, sources: Sources) -> Image.Image:
    """A pen that wanders to and fro, at least six times as far as the field is broad."""
    heading = rng.normal(0, rng.uniform(0.2, 0.5), rng.integers(150, 300)).cumsum()
    walk = np.stack([np.cos(heading), np.sin(heading)]).cumsum(axis=1)
    return _pen(rng, _to_and_fro(walk))


def _to_and_fro(walk: Array) -> Array:
    """Reflect a walk at the borders of a field, so that it stays.

    walk     float (2, M), steps of length 1
    returns  float (2, M), in a field of 24 by 24
    """
    return np.abs((walk + 12) % 48 - 24)


def tangle(rng: Generator, sources: Sources) -> Image.Image:
    """A swinging pen: Lissajous's figures of unequal frequencies."""
    t = np.linspace(0, 2 * math.pi * rng.uniform(0.8, 1.6), 300)
    across, down = rng.choice([3, 4, 5, 7, 8], 2, replace=False)
    drift = rng.uniform(0.0, 0.5) * t
    line = np.stack([np.cos(across * t + rng.uniform(0, 6)) + drift, np.sin(down * t)])
    return _pen(rng, line)


def hatching(rng: Generator, sources: Sources) -> Image.Image:
    """A zigzag that fills an area, as one strikes something out."""
    count = int(rng.integers(7, 20))
    x = np.arange(count) * rng.uniform(0.1, 0.5) + rng.normal(0, 0.1, count)
    y = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.7, 1.3, count)
    angle = rng.uniform(0, math.pi)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return _pen(rng, turn @ np.stack([x, y]))


def dash(rng: Generator, sources: Sources) -> Image.Image:
    """A stroke nearer to level than 30 degrees, two or three such, or a row of dots."""
    sheet = Image.new("L", (SHEET, SHEET), 255)
    pen = ImageDraw.Draw(sheet)
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
    return sheet


def _dot(pen: ImageDraw.ImageDraw, middle: Array, radius: float) -> None:
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)


def _pen(rng: Generator, line: Array) -> Image.Image:
    """Draw one line over most of a sheet.

    line  float (2, M), x and y of any size
    """
    first = line.min(axis=1, keepdims=True)
    size = rng.uniform(70, 120)
    points = 20 + (line - first) * size / (line.max(axis=1, keepdims=True) - first).max()
    sheet = Image.new("L", (SHEET, SHEET), 255)
    width = int(rng.integers(2, 9))
    ImageDraw.Draw(sheet).line(points.T.ravel().tolist(), fill=0, width=width, joint="curve")
    return sheet


# What is drawn.


def _regular(corners: int, inner: float = 0.0) -> list[Point]:
    """A regular polygon, or a star if there is an inner radius."""
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


# A circle is left out, for it is a 0; and so is whatever is narrow, for it is a 1.
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
    "trapezium": [(-0.5, -0.7), (0.5, -0.7), (1, 0.7), (-1, 0.7)],
}  # fmt: skip


def outlined_shape(rng: Generator, sources: Sources) -> Image.Image:
    """The outline of a figure."""
    sheet, points = _shape(rng)
    closed = [value for point in [*points, *points[:2]] for value in point]
    width = int(rng.integers(3, 13))
    ImageDraw.Draw(sheet).line(closed, fill=0, width=width, joint="curve")
    return sheet


def filled_shape(rng: Generator, sources: Sources) -> Image.Image:
    """A figure full of ink."""
    sheet, points = _shape(rng)
    ImageDraw.Draw(sheet).polygon(points, fill=0)
    return sheet


def _shape(rng: Generator) -> tuple[Image.Image, list[Point]]:
    """Choose an outline, a little turned and not quite regular, and a blank sheet for it."""
    name = str(rng.choice(list(OUTLINES)))
    # An arrow points anywhere but up or down, where it may be read as a 1.
    most = 0.5 if name in ("arrow", "square", "diamond", "house") else math.pi
    angle = rng.uniform(-most, most)
    linear = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = linear @ np.diag(rng.uniform(0.8, 1.2, 2)) * rng.uniform(25, 50)
    points = np.array(OUTLINES[name]) @ linear.T + SHEET / 2 + rng.uniform(-10, 10, 2)
    return Image.new("L", (SHEET, SHEET), 255), [(x, y) for x, y in points.tolist()]


def doodle(rng: Generator, sources: Sources) -> Image.Image:
    """A face, a man, a tree, a flower, a fish, the sun, a cup or a window, in a few strokes."""
    strokes = DOODLES[str(rng.choice(list(DOODLES)))]
    sheet = Image.new("L", (SHEET, SHEET), 255)
    pen, width = ImageDraw.Draw(sheet), int(rng.integers(3, 9))
    skew = np.eye(2) + rng.normal(0, 0.08, (2, 2))
    for stroke in strokes:
        points = np.array(stroke) + rng.normal(0, 0.03, 2)
        points = (points @ skew) * rng.uniform(40, 44) + SHEET / 2
        pen.line(points.ravel().tolist(), fill=0, width=width, joint="curve")
    return sheet


def _round(x: float, y: float, across: float, down: float, *turns: float) -> list[Point]:
    """An ellipse about x, y, or the part of it from one turn (0 to 1) to another."""
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
    "man": [
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
    """Drops of ink that ran together."""
    sheet = Image.new("L", (SHEET, SHEET), 255)
    pen = ImageDraw.Draw(sheet)
    spread = rng.uniform(5, 25, 2)
    for _ in range(rng.integers(1, 13)):
        x, y = np.clip(rng.normal(SHEET / 2, spread), 30, SHEET - 30)
        across, down = rng.uniform(6, 28, 2)
        pen.ellipse((x - across, y - down, x + across, y + down), fill=0)
    return sheet


# What a camera sees.


def white_noise(rng: Generator, sources: Sources) -> Image.Image:
    """Every pixel on its own: any gray, normal about a gray, or black and white."""
    height = rng.integers(28, 121)
    shape = (height, round(height * rng.uniform(0.7, 1.5)))
    sheets = (
        rng.uniform(0, 256, shape),
        rng.normal(rng.uniform(60, 200), rng.uniform(10, 60), shape),
        255.0 * (rng.random(shape) < rng.uniform(0.05, 0.5)),
    )
    return _gray(sheets[rng.integers(len(sheets))])


def pink_noise(rng: Generator, sources: Sources) -> Image.Image:
    """Clouds: noise whose amplitude falls with a power of the frequency, from 0.7 to 2."""
    size = int(rng.integers(32, 97))
    down, across = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    frequency = np.maximum(np.hypot(down, across), 1 / size)
    waves = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    sheet = np.fft.irfft2(waves / frequency ** rng.uniform(0.7, 2), (size, size))
    return _gray(128 + rng.uniform(30, 80) * sheet / sheet.std())


def tiles(rng: Generator, sources: Sources) -> Image.Image:
    """Coarse tiles of any gray, or of black and white."""
    count = int(rng.integers(3, 12))
    sheet = rng.random((count, count))
    if rng.random() < 0.5:
        sheet = np.rint(sheet)
    return _gray(255 * sheet).resize((96, 96), Image.Resampling.NEAREST)


def clothing(rng: Generator, sources: Sources) -> Image.Image:
    """A picture of Fashion-MNIST."""
    return Image.fromarray(sources.clothes[rng.integers(len(sources.clothes))])


def photograph(rng: Generator, sources: Sources) -> Image.Image:
    """A part of a photograph, from a twelfth of its height to all of it."""
    whole = sources.photographs[rng.integers(len(sources.photographs))]
    height, width = whole.shape[:2]
    side = round(height * math.exp(rng.uniform(-math.log(12), 0)))
    top, left = rng.integers(height - side + 1), rng.integers(max(width - side, 0) + 1)
    cut = Image.fromarray(whole[top : top + side, left : left + side])
    return cut.resize((140, 140), Image.Resampling.BOX)


def blurred_photograph(rng: Generator, sources: Sources) -> Image.Image:
    """The same out of focus."""
    return photograph(rng, sources).filter(ImageFilter.GaussianBlur(rng.uniform(2, 10)))


def _gray(sheet: Array) -> Image.Image:
    return Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8))


KINDS: dict[str, Kind] = {
    **{script: partial(letter, script=script) for script in SCRIPTS},
    "words": word,
    "printed numbers": printed_number,
    "two digits": two_digits,
    "pieces of digits": piece_of_digit,
    "scribbles": scribble,
    "tangles": tangle,
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
    "photographs out of focus": blurred_photograph,
}
