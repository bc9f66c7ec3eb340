"""Pictures of numbers that nobody has trained on: as drawings, photos and amounts on cheques.

The digits of a number are of one writer. Pillow and SciPy draw the pictures, so that no code is
shared with the preprocessing that they test, nor with the strings that the line network learned.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from drawing_conditions import Conditions
from drawing_simulator import draw_coverage
from number_amounts import DIGIT_PX, MIN_DIGITS, written_amount
from number_paper import cheque, photographed, sheet_of_paper
from outlier_kinds import Sources
from outlier_strokes import scribble
from outlier_text import letter, word
from pens import coverage
from PIL import Image
from scipy import ndimage

from inkdigits.arrays import Array, Generator
from inkdigits.data import unipen_numbers
from inkdigits.data.mnist import Digits
from inkdigits.data.traces import Traces

SEED = 0
COPIES = 10  # pictures of each number of UNIPEN
GLYPH_PX = 20  # height of MNIST's digits
PEN = 2.7  # mean width of MNIST's strokes, in its pixels
NEAR_ROWS = 5  # of MNIST's pixels


@dataclass(frozen=True)
class Picture:
    """A picture with its right answer.

    text    the digits; empty if the picture is not a number
    source  what the picture was made of: pictures of one source are not independent
    """

    text: str
    file: bytes
    source: str


@dataclass(frozen=True, eq=False)
class Material:
    """What pictures are made of.

    digits    by writers whom no network has seen
    traces    the same, as pen trajectories
    numbers   of UNIPEN, by contributors whom no network has seen
    outliers  fonts and other material for pictures of other things
    """

    digits: Digits
    traces: Traces
    numbers: Sequence[unipen_numbers.NumberTrace]
    outliers: Sources


def unipen_number(material: Material, number: int, rng: Generator) -> Picture:
    """Draw a number as it was written, with any pen, on any ground, photographed or not."""
    trace = material.numbers[number // COPIES % len(material.numbers)]
    strokes = [stroke[:, ::-1].astype(float) for stroke in trace.strokes]
    points = np.concatenate(strokes)
    height_px = rng.uniform(*DIGIT_PX)
    pen_px = max(1.0, rng.uniform(0.03, 0.12) * height_px)
    extent = np.maximum(np.ptp(points, axis=0), 1e-6)
    scale = min((height_px - pen_px) / extent[0], 1100 / extent[1])
    placed = [(stroke - points.min(axis=0)) * scale + pen_px / 2 + 1 for stroke in strokes]
    shape = tuple(int(side) for side in np.ceil(extent * scale + pen_px) + 3)
    covered = coverage(placed, pen_px, (shape[0], shape[1]))
    return Picture(trace.text, on_any_ground(covered, pen_px, rng), f"{number // COPIES}")


def on_any_ground(covered: Array, pen_px: float, rng: Generator) -> bytes:
    """Save a drawing as a drawing program or a camera would."""
    height, width = covered.shape
    margin = rng.uniform(0.15, 1.2, 2) * height
    canvas = (int(width + 2 * margin[0]), int(height + 2 * margin[1]), 1)
    on_paper = {
        "light": ["gradient", "vignette", "shadow"],
        "noise": ["sensor"],
        "blur": ["slight"],
        "texture": ["paper"],
        "ruled": ["lines", "squares"],
        "specks": ["dust"],
    }
    is_photo = rng.random() < 0.5
    levels = {
        factor: str(rng.choice(names)) if is_photo and rng.random() < 0.3 else "none"
        for factor, names in on_paper.items()
    }
    conditions = Conditions(
        canvas=canvas,
        place="on the canvas",
        size_px=float(height),
        pen_px=pen_px,
        antialiased=True,
        polarity="dark on light" if is_photo or rng.random() < 0.7 else "light on dark",
        color=str(rng.choice(["black and white", "gray", "colored"])),
        file=str(rng.choice(["PNG", "JPEG 30-60", "JPEG 60-95"])),
        **levels,
    )
    return draw_coverage(covered, conditions, rng)


def string(digits: Digits, text: str, gaps: tuple[float, float], rng: Generator) -> Array:
    """Put digits of one writer side by side, dark on light, and enlarge them.

    gaps     least and greatest distance of neighbors, in widths of the pen; negative if they
             overlap
    returns  float64 (H, W), how much of each pixel is ink, 0 to 1
    """
    writer = rng.choice(_writers(digits))
    pictures = [_digit_of(digits, writer, int(symbol), rng) for symbol in text]
    bottom = max(len(picture) for picture in pictures)
    canvas = np.zeros((bottom + 8, sum(picture.shape[1] + 8 for picture in pictures) + 8))
    right = 0
    for picture in pictures:
        gap = rng.uniform(*gaps) * PEN
        top = int(np.clip(rng.normal(4, 1), 0, 8)) + bottom - len(picture)
        left = 0 if right == 0 else _next_left(canvas, picture, top, right, gap)
        rows, columns = picture.shape
        place = canvas[top : top + rows, left : left + columns]
        np.maximum(place, picture, out=place)
        right = left + columns
    canvas = canvas[:, :right]
    scale = rng.uniform(*DIGIT_PX) / GLYPH_PX
    size = (round(canvas.shape[1] * scale), round(canvas.shape[0] * scale))
    image = Image.fromarray(np.rint(255 * canvas).astype(np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    return np.asarray(image, np.float64) / 255


def _next_left(canvas: Array, picture: Array, top: int, right: int, gap: float) -> int:
    """Find where a digit begins so that the nearest ink to its left is `gap` away.

    Ink a little above or below is near, too: digits that lean do not reach into each other.
    """
    inked = ndimage.grey_dilation(canvas, (NEAR_ROWS, 1))[top : top + len(picture)] > 0.4
    starts = picture > 0.4
    both = inked.any(axis=1) & starts.any(axis=1)
    if not both.any():
        return right
    ends = inked.shape[1] - inked[:, ::-1].argmax(axis=1)
    nearest = float((ends - starts.argmax(axis=1))[both].max())
    return int(np.clip(round(nearest + gap), max(0, right - picture.shape[1] // 2), right + 8))


def _writers(digits: Digits) -> Array:
    assert digits.writers is not None
    names, counts = np.unique(digits.writers, return_counts=True)
    return names[counts >= MIN_DIGITS]


def _digit_of(digits: Digits, writer: int, label: int, rng: Generator) -> Array:
    """Choose one of a writer's digits, or of another writer's if there is none."""
    assert digits.writers is not None
    is_label = digits.labels == label
    found = np.flatnonzero(is_label & (digits.writers == writer))
    if not len(found):
        found = np.flatnonzero(is_label)
    picture = digits.images[rng.choice(found)] / 255
    rows, columns = np.nonzero(picture > 0.1)
    return picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def number_text(rng: Generator) -> str:
    """Choose a number of 2 to 8 digits."""
    return "".join(map(str, rng.integers(0, 10, rng.integers(2, 9))))


APART, TOUCHING = (0.5, 1.0), (-1.0, 0.0)


def apart(material: Material, number: int, rng: Generator) -> Picture:
    """Digits half a pen to a pen apart."""
    text = number_text(rng)
    covered = string(material.digits, text, APART, rng)
    return Picture(text, on_any_ground(covered, covered.shape[0] / 8, rng), f"{number}")


def touching(material: Material, number: int, rng: Generator) -> Picture:
    """Digits that touch, or overlap by up to a pen."""
    text = number_text(rng)
    covered = string(material.digits, text, TOUCHING, rng)
    return Picture(text, on_any_ground(covered, covered.shape[0] / 8, rng), f"{number}")


def photo(material: Material, number: int, rng: Generator) -> Picture:
    """A number on ruled or plain paper, photographed at an angle, in uneven light."""
    text = number_text(rng)
    gaps = APART if rng.random() < 0.5 else TOUCHING
    covered = string(material.digits, text, gaps, rng)
    return Picture(text, photographed(sheet_of_paper(covered, rng), rng), f"{number}")


def amount(material: Material, number: int, rng: Generator) -> Picture:
    """An amount as on a cheque: signs between the digits, a patterned ground, a rule, a stamp."""
    whole = str(rng.integers(1, 10 ** rng.integers(1, 6)))
    cents = f"{rng.integers(0, 100):02d}"
    sign = str(rng.choice([".", ","]))
    form = rng.random()
    written = whole + sign + (cents if form < 0.7 else "-")
    if form > 0.85:
        written = whole
    if len(whole) > 3 and rng.random() < 0.4:
        written = written.replace(
            whole, f"{whole[:-3]}{',' if sign == '.' else '.'}{whole[-3:]}", 1
        )
    if rng.random() < 0.5:
        written = "$" + written
    covered = written_amount(material.traces, written, rng)
    text = "".join(symbol for symbol in written if symbol.isdigit())
    return Picture(text, cheque(covered, rng), f"{number}")


def single_letter(material: Material, number: int, rng: Generator) -> Picture:
    """One letter that does not look like a digit."""
    return _outlier(letter(rng, material.outliers, "uppercase letters"), number)


def letters(material: Material, number: int, rng: Generator) -> Picture:
    """A word of lowercase letters."""
    return _outlier(word(rng, material.outliers), number)


def line_of_scribble(material: Material, number: int, rng: Generator) -> Picture:
    """A scribble."""
    return _outlier(scribble(rng, material.outliers), number)


def arithmetic(material: Material, number: int, rng: Generator) -> Picture:
    """Two numbers with a sign between them, and mostly what they make."""
    text = f"{rng.integers(1, 100)}{rng.choice(['+', 'x', ':'])}{rng.integers(1, 100)}"
    if rng.random() < 0.7:
        text += f"={rng.integers(1, 200)}"
    pictures = []
    writer = rng.choice(_writers(material.digits))
    for symbol in text:
        if symbol.isdigit():
            pictures.append(_digit_of(material.digits, writer, int(symbol), rng))
        else:
            pictures.append(
                coverage([stroke * 14 + 3 for stroke in SUM_SIGNS[symbol]], 2.7, (20, 20))
            )
    canvas = np.zeros((28, sum(picture.shape[1] + 4 for picture in pictures) + 8))
    left = 4
    for picture in pictures:
        top = 24 - len(picture)
        canvas[top : top + len(picture), left : left + picture.shape[1]] = picture
        left += picture.shape[1] + int(rng.integers(2, 5))
    scale = rng.uniform(*DIGIT_PX) / GLYPH_PX
    size = (round(canvas.shape[1] * scale), round(canvas.shape[0] * scale))
    image = Image.fromarray(np.rint(255 * canvas).astype(np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    covered = np.asarray(image, np.float64) / 255
    return Picture("", on_any_ground(covered, covered.shape[0] / 8, rng), f"{number}")


SUM_SIGNS = {  # rows and columns from 0 to 1
    "+": [np.array([[0.5, 0.0], [0.5, 1.0]]), np.array([[0.0, 0.5], [1.0, 0.5]])],
    "x": [np.array([[0.1, 0.1], [0.9, 0.9]]), np.array([[0.9, 0.1], [0.1, 0.9]])],
    ":": [np.array([[0.3, 0.5], [0.32, 0.5]]), np.array([[0.85, 0.5], [0.87, 0.5]])],
    "=": [np.array([[0.35, 0.0], [0.35, 1.0]]), np.array([[0.7, 0.0], [0.7, 1.0]])],
}


def _outlier(image: Image.Image, number: int) -> Picture:
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return Picture("", file.getvalue(), f"{number}")


Draw = Callable[[Material, int, Generator], Picture]
NUMBERS: dict[str, Draw] = {
    "UNIPEN numbers": unipen_number,
    "amounts": amount,
    "apart": apart,
    "touching": touching,
    "photos": photo,
}
OTHERS: dict[str, Draw] = {
    "letters": single_letter,
    "words": letters,
    "sums": arithmetic,
    "scribbles": line_of_scribble,
}
KINDS = NUMBERS | OTHERS


def pictures(kind: str, material: Material, count: int, seed: int = SEED) -> Iterator[Picture]:
    """Draw pictures of one kind; they are always the same for a seed."""
    for number in range(count):
        rng = np.random.default_rng((seed, list(KINDS).index(kind), number))
        yield KINDS[kind](material, number, rng)
