"""Pictures that are no digits, drawn at random, for a network to learn what it must refuse.

No list of things that are no digits is ever complete, so they are of many kinds; letters and
glyphs of no alphabet, lines, arcs and loops put together as letters are, are the largest part.
What looks like a digit by accident is left out.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from inkdigits.arrays import Array, Generator, Labels, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.letter_strokes import LETTERS
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink

CLASSES = 10  # the digits
SHEET_PX = 32  # side of the sheet that strokes are drawn on
FIRST_PX, LAST_PX = 4.0, 28.0  # where they lie on it
PIECES = 5  # straight pieces that a curve is drawn in
PENS_PX = (1.6, 5.0)  # finest and fattest, on that sheet

COMPARED = 6000  # real digits that each picture is compared with
# The cosine from which on a picture is taken for a digit by accident: of kinds that are so at
# times; and of the others, in which even what is as near to a digit as a heart to a 0 is none.
TOO_LIKE, MUCH_TOO_LIKE = 0.925, 0.96

Strokes = list[Array]  # each float (M, 2): x, y from 0 to 1, y downwards
DigitsByLabel = Sequence[Pixels]  # for each of the ten digits, uint8 (N, 28, 28)
Kind = Callable[[Generator, DigitsByLabel], Pixels]  # gives uint8 (28, 28), cleaned


def make(count: int, seed: int, digits: Pixels, labels: Labels) -> Pixels:
    """Draw pictures of many kinds, none of them a digit, cleaned as `ink` cleans.

    count    how many
    seed     the same seed and digits give the same pictures
    digits   uint8 (N, 28, 28), cleaned real digits to cut up, put together and keep clear of
    labels   (N,) what they are; each of the ten is there
    returns  uint8 (count, 28, 28), light ink on black, in random order
    raises   ValueError if one of the ten digits is missing
    source   Hendrycks, Mazeika and Dietterich 2019, Deep Anomaly Detection with Outlier Exposure
    """
    by_label = [digits[labels == label] for label in range(CLASSES)]
    if not all(map(len, by_label)):
        raise ValueError("to draw what is no digit, at least one of each of the ten is needed")
    rng = np.random.default_rng(seed)
    compared = _outlines(digits[rng.permutation(len(digits))[:COMPARED]])
    kinds, weights = list(KINDS), np.array(list(KINDS.values()))
    limits = np.array([TOO_LIKE if kind in ACCIDENTAL else MUCH_TOO_LIKE for kind in kinds])
    pictures = np.empty((0, IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    while len(pictures) < count:
        chosen = rng.choice(len(kinds), count - len(pictures), p=weights / weights.sum())
        drawn = np.stack([kinds[kind](rng, by_label) for kind in chosen])
        is_none = drawn.any(axis=(1, 2)) & (_likeness(drawn, compared) < limits[chosen])
        pictures = np.concatenate([pictures, drawn[is_none]])
    return pictures


def _likeness(pictures: Pixels, compared: Array) -> Array:
    """Measure how like the likest of the real digits each picture is: 1 is the same."""
    chunks = np.array_split(_outlines(pictures), 1 + len(pictures) // 1000)
    return np.concatenate([(chunk @ compared.T).max(axis=1, initial=0) for chunk in chunks])


def _outlines(pictures: Pixels) -> Array:
    """Blur pictures and halve their size, so that a stroke may lie a little aside.

    returns  float32 (N, 14 * 14), of length 1 but for blank ones
    """
    blurred = ndimage.gaussian_filter(pictures.astype(np.float32), (0, 1, 1))
    outlines: Array = blurred[:, ::2, ::2].reshape(len(pictures), -1)
    return outlines / np.maximum(np.linalg.norm(outlines, axis=1, keepdims=True), 1)


# Strokes in the manner of handwriting.


def glyph(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A letter of no alphabet: one to four strokes, most of them joined."""
    strokes: Strokes = []
    for _ in range(rng.choice([1, 2, 3, 4], p=[0.1, 0.35, 0.35, 0.2])):
        start = _place(rng)
        if strokes and rng.random() < 0.7:
            joined = strokes[rng.integers(len(strokes))]
            start = joined[rng.integers(len(joined))]
        form = FORMS[rng.integers(len(FORMS))]
        strokes.append(form(rng, start))
    return _drawn(rng, strokes)


def _line(rng: Generator, start: Array) -> Array:
    return np.stack([start, _place(rng)])


def _bow(rng: Generator, start: Array) -> Array:
    """A curve from place to place, drawn to a third: Bezier's of second degree."""
    t = np.linspace(0, 1, PIECES + 2)[:, None]
    aim, end = _place(rng) * 1.6 - 0.3, _place(rng)
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * aim + t**2 * end


def _arc(rng: Generator, start: Array) -> Array:
    """A part of an ellipse, or a little more than the whole."""
    sweep = rng.uniform(0.4, 2.1) * math.pi * rng.choice([-1, 1])
    angle = rng.uniform(0, 2 * math.pi) + np.linspace(0, sweep, 2 * PIECES)
    across, down = rng.uniform(0.1, 0.4, 2)
    ellipse = np.stack([across * np.cos(angle), down * np.sin(angle)], axis=1)
    return start + ellipse - ellipse[0]


def _stem_with_hook(rng: Generator, start: Array) -> Array:
    """A straight stroke that ends in a bow, as in j, f, r or h."""
    end = _place(rng)
    return np.concatenate([start[None], _arc(rng, end)])


def _zigzag(rng: Generator, start: Array) -> Array:
    """Straight strokes from place to place without lifting the pen, as in N, V, W or M."""
    return np.stack([start, *(_place(rng) for _ in range(rng.integers(2, 5)))])


def _wave(rng: Generator, start: Array) -> Array:
    """A smooth line through a few places."""
    return _smooth(np.stack([start, *(_place(rng) for _ in range(rng.integers(2, 6)))]))


def _dot(rng: Generator, start: Array) -> Array:
    return _place(rng)[None]


FORMS = (_line, _line, _bow, _bow, _arc, _arc, _stem_with_hook, _zigzag, _wave, _dot)


def _place(rng: Generator) -> Array:
    """A point where strokes of letters begin and end: near one of 3 by 4."""
    column, row = rng.integers(3) / 2, rng.integers(4) / 3
    return np.array([column, row]) + rng.normal(0, 0.06, 2)


def _smooth(points: Array) -> Array:
    """Lay a smooth line through points: Catmull and Rom's.

    points   float (M, 2), at least two
    """
    before = np.concatenate([points[:1], points[:-2]])
    start, end = points[:-1], points[1:]
    after = np.concatenate([points[2:], points[-1:]])
    t = (np.arange(PIECES) / PIECES)[:, None, None]
    line = (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    ) / 2
    return np.concatenate([line.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])


def scribble(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A pen that went to and fro, smoothly or with corners."""
    points = rng.normal(0.5, rng.uniform(0.15, 0.4, 2), (rng.integers(6, 20), 2))
    return _drawn(rng, [_smooth(points) if rng.random() < 0.6 else points])


def coil(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Loops or waves along a line, or a spiral."""
    turns = rng.uniform(2.5, 5)
    along = np.linspace(0, 1, round(12 * turns))
    angle = 2 * math.pi * turns * along + rng.uniform(0, 2 * math.pi)
    if rng.random() < 0.3:
        travel, radius = rng.uniform(0, 0.2), 0.5 * along
    else:
        travel, radius = rng.uniform(0.5, 1.5), np.full_like(along, rng.uniform(0.2, 0.5))
    flat = rng.uniform(0, 1)
    x, y = travel * along + flat * radius * np.cos(angle), radius * np.sin(angle)
    return _drawn(rng, [_turned_by(np.stack([x, y], axis=1), rng.uniform(0, 2 * math.pi))])


def dashes(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """One to four strokes side by side; one alone is nearer to level than any 1."""
    count = rng.choice([1, 2, 3, 4], p=[0.5, 0.2, 0.2, 0.1])
    steepest = math.radians(40 if count == 1 else 90)
    level = np.stack([np.linspace(0, 1, 5), rng.normal(0, 0.15) * np.array([0, 0.7, 1, 0.7, 0])], 1)
    strokes = [level * rng.uniform(0.6, 1) + [0, 0.35 * number] for number in range(count)]
    angle = rng.uniform(-steepest, steepest)
    return _drawn(rng, [_turned_by(stroke, angle) for stroke in strokes], slanted=False)


def crossing(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Two to four straight strokes through nearly one point."""
    count = rng.integers(2, 5)
    angles = rng.uniform(0, math.pi) + math.pi * (np.arange(count) + rng.normal(0, 0.1)) / count
    strokes = []
    for angle in angles:
        ends = np.array([[-rng.uniform(0.3, 0.6), 0], [rng.uniform(0.3, 0.6), 0]])
        strokes.append(_turned_by(ends, angle) + rng.normal(0, 0.06, 2))
    return _drawn(rng, strokes)


def latin(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A letter of the Latin alphabet, written by hand, at times with serifs."""
    name = rng.choice(list(LETTERS))
    strokes = [stroke + rng.normal(0, 0.025, stroke.shape) for stroke in LETTERS[name]]
    strokes = [stroke + rng.normal(0, 0.03, 2) for stroke in strokes]
    if rng.random() < 0.25:
        reach = rng.uniform(0.08, 0.2)
        ends = [end for stroke in strokes for end in (stroke[0], stroke[-1])]
        strokes += [end + np.array([[-reach, 0], [reach, 0]]) for end in ends]
    return _drawn(rng, strokes)


def letter(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Stems, bars, bowls and slants between the corners of a grid, two to four, as in type."""
    strokes = [PARTS[rng.integers(len(PARTS))](rng) for _ in range(rng.integers(2, 5))]
    return _drawn(rng, [stroke + rng.normal(0, 0.02, 2) for stroke in strokes])


def _stem(rng: Generator) -> Array:
    column, (top, bottom) = _column(rng), _rows(rng)
    return np.array([[column, top], [column, bottom]])


def _bar(rng: Generator) -> Array:
    row = rng.integers(3) / 2
    first, last = ((0, 1), (0, 0.5), (0.5, 1))[rng.integers(3)]
    return np.array([[first, row], [last, row]])


def _slant(rng: Generator) -> Array:
    column, (top, bottom) = _column(rng), _rows(rng)
    other = column + rng.choice([-1, -0.5, 0.5, 1])
    return np.array([[column, top], [other, bottom]])


def _bowl(rng: Generator) -> Array:
    """Half an ellipse that opens to one of the four sides."""
    column, (top, bottom) = _column(rng), _rows(rng)
    angle = np.linspace(0, math.pi, 2 * PIECES)
    far, near = rng.choice([-1, -0.6, 0.6, 1]) * np.sin(angle), (1 - np.cos(angle)) / 2
    if rng.random() < 0.7:
        return np.stack([column + far, top + near * (bottom - top)], axis=1)
    return np.stack([near * rng.choice([0.5, 1]) + column / 2, bottom - 0.7 * far], axis=1)


def _ellipse(rng: Generator) -> Array:
    """A ring as broad and high as the letter."""
    angle = np.linspace(0, 2 * math.pi, 3 * PIECES)
    return 0.5 + np.stack([np.cos(angle), np.sin(angle)], axis=1) / 2


def _column(rng: Generator) -> float:
    return float(rng.integers(3) / 2)


def _rows(rng: Generator) -> tuple[float, float]:
    """Top and bottom: of the whole letter, or of its upper or lower half."""
    return ((0, 1), (0, 0.5), (0.5, 1))[rng.choice(3, p=[0.5, 0.25, 0.25])]


PARTS = (_stem, _stem, _bar, _bar, _slant, _bowl, _bowl, _ellipse)


def ring(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A ring with level bars in it, with rays, on legs, or with other rings."""
    angle = np.linspace(0, 2 * math.pi, 4 * PIECES)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) / 2
    way = rng.choice(["bars", "rays", "legs", "rings"])
    if way == "bars":
        reach = rng.uniform(0.2, 0.7)
        rows = rng.uniform(-0.3, 0.3, rng.integers(1, 3))
        more = [np.array([[-reach, row], [reach, row]]) for row in rows]
    elif way == "rays":
        first, count = rng.uniform(0, 2 * math.pi), rng.integers(3, 9)
        ray = np.array([[rng.uniform(0, 0.6), 0], [rng.uniform(0.7, 1), 0]])
        more = [_turned_by(ray, first + 2 * math.pi * number / count) for number in range(count)]
    elif way == "legs":
        apart, below, foot = rng.uniform([0.05, 0.05, 0.8], [0.4, 0.6, 1.5])
        more = [np.array([[side * apart, 0.45], [side * below, foot]]) for side in (-1, 1)]
    else:
        size, aside = rng.uniform(0.2, 1), rng.uniform(0.35, 1)
        more = [circle * size + [aside, 0], circle * size - [aside, 0]][: rng.integers(1, 3)]
    return _drawn(rng, [circle, *more])


def outline(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A closed line with corners, with one more stroke, filled, or neither."""
    bent = rng.random() < 0.4
    corners = rng.integers(2, 4) if bent else rng.integers(3, 6)  # more would come near to a ring
    steps = rng.uniform(0.6, 1.4, corners)
    angles = 2 * math.pi * (rng.random() + steps.cumsum() / steps.sum())
    radius = rng.uniform(0.35, 0.6, corners)
    points = 0.5 + np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    bends = bent * rng.uniform(-0.4, 0.4, corners)
    sides = [
        _bent(start, end, bend)
        for start, end, bend in zip(points, np.roll(points, -1, axis=0), bends, strict=True)
    ]
    strokes = [np.concatenate(sides)]
    way = rng.choice(["empty", "crossed", "filled"], p=[0.6, 0.2, 0.2])
    if way == "crossed":
        strokes.append(_line(rng, _place(rng)))
    return _drawn(rng, strokes, filled=way == "filled")


def _bent(start: Array, end: Array, bend: float) -> Array:
    """A bow from point to point, as high as a share of its length, to either side."""
    t = np.linspace(0, 1, PIECES + 1)[:, None]
    right, down = end - start
    return start + t * (end - start) + 4 * t * (1 - t) * bend * np.array([down, -right])


def box(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A rectangle that is no narrow one, with bars or stems in it or beyond it, or none."""
    strokes: Strokes = [np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])]
    for _ in range(rng.integers(4)):
        place = rng.uniform(0.2, 0.8)
        first, last = rng.choice([0, 0.5, -0.3]), rng.choice([1, 0.5, 1.3])
        bar = np.array([[first, place], [last, place]])
        strokes.append(bar if rng.random() < 0.5 else bar[:, ::-1])
    angle = rng.normal(0, 0.15)
    return _drawn(rng, [_turned_by(stroke, angle) for stroke in strokes])


def _turned_by(points: Array, angle: float) -> Array:
    cos, sin = math.cos(angle), math.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


def _drawn(
    rng: Generator, strokes: Sequence[Array], slanted: bool = True, filled: bool = False
) -> Pixels:
    """Draw strokes as large as the sheet, with any pen, and clean the picture.

    slanted  whether to lean them at random, and to make them narrower
    filled   whether to fill what they enclose
    """
    points = np.concatenate(strokes)
    if slanted:
        lean = np.array([[rng.uniform(0.55, 1.3), 0], [rng.normal(0, 0.2), 1]])
        points = points @ lean
    first = points.min(axis=0)
    size = max(float((points.max(axis=0) - first).max()), 0.05)
    points = FIRST_PX + (points - first) * (LAST_PX - FIRST_PX) / size
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    pen_px = math.exp(rng.uniform(*np.log(PENS_PX)))
    sheet = draw(np.split(points, ends), pen_px, (SHEET_PX, SHEET_PX))
    if filled:
        sheet[ndimage.binary_fill_holes(sheet > 127)] = 255
    return ink.from_ink(sheet)


# What digits become when they are cut up, put together or laid otherwise.

# Of which digits a half, or one that is turned or mirrored, is read as no digit by anyone.
HALVES = {"top": (0, 5), "bottom": (0, 2, 3, 5), "left": (3,)}
TURNED = {
    "a quarter": (1, 2, 3, 4, 5, 6, 7, 8, 9),
    "upside down": (3, 4, 7),
    "mirrored": (3, 4, 6, 7, 9),
}


def row_of_digits(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Two or three digits beside each other or one above the other, apart or touching."""
    count = rng.choice([2, 3], p=[0.8, 0.2])
    step = rng.integers(11, 24)
    long, short = IMAGE_SIDE + step * (count - 1), IMAGE_SIDE + 6
    sheet = np.zeros((short, long), np.uint8)
    above = rng.random() < 0.25
    allowed = range(2, CLASSES) if above else range(CLASSES)  # 1 above 1 is a long 1
    for number in range(count):
        digit = _digit(rng, digits, allowed)
        top, left = rng.integers(7), step * number
        part = sheet[top : top + IMAGE_SIDE, left : left + IMAGE_SIDE]
        np.maximum(part, digit.T if above else digit, out=part)
    return ink.from_ink(sheet.T if above else sheet)


def half(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """What is left when a digit is cut through its middle."""
    side = rng.choice(list(HALVES))
    digit = _digit(rng, digits, HALVES[side])
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    share = rng.uniform(0.35, 0.5)
    height, width = round(share * len(rows)), round(share * len(columns))
    kept = {"top": rows[:height], "bottom": rows[-height:]}.get(side, rows)
    return ink.from_ink(digit[np.ix_(kept, columns[:width] if side == "left" else columns)])


def turned(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A digit lying on its side, upside down or in a mirror."""
    way = rng.choice(list(TURNED))
    digit = _digit(rng, digits, TURNED[way])
    if way == "mirrored":
        return ink.from_ink(digit[:, ::-1])
    return ink.from_ink(np.rot90(digit, 2 if way == "upside down" else rng.choice([1, 3])))


def struck_out(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A digit with one upright stroke through it, with several across, or in a ring."""
    way = rng.choice(["upright", "across", "ring"])
    # Of 0, 1, 4 and 7 with one stroke more people make digits too.
    digit = _digit(rng, digits, (2, 3, 5, 6, 8, 9) if way == "upright" else range(CLASSES))
    if way == "upright":
        lean = rng.normal(0, 2)
        strokes = [14 + np.array([[lean, -13], [-lean, 13]])]
    elif way == "across":
        angle = rng.uniform(0, math.pi)
        strokes = [
            14 + _turned_by(np.array([[-12, offset], [12, offset]]), angle + rng.normal(0, 0.3))
            for offset in rng.uniform(-6, 6, rng.integers(2, 5))
        ]
    else:
        angles = np.linspace(0, 2 * math.pi, 16)
        strokes = [14 + 13 * np.stack([np.cos(angles), np.sin(angles)], axis=1)]
    return ink.from_ink(np.maximum(digit, draw(strokes, rng.uniform(1.5, 3.5), digit.shape)))


def shuffled(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """The four quarters of a digit, each in another's place."""
    digit = _digit(rng, digits, range(CLASSES))[4:24, 4:24]
    quarters = [digit[top : top + 10, left : left + 10] for top in (0, 10) for left in (0, 10)]
    orders = ([1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0], [1, 2, 3, 0], [3, 0, 1, 2])
    a, b, c, d = (quarters[place] for place in orders[rng.integers(len(orders))])
    return ink.from_ink(np.block([[a, b], [c, d]]))


def negative(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """A sheet of ink in which the digit is left white."""
    rim = rng.integers(0, 5)
    sheet = 255 - _digit(rng, digits, range(CLASSES))
    return ink.from_ink(sheet[rim : IMAGE_SIDE - rim, rim : IMAGE_SIDE - rim])


def _digit(rng: Generator, digits: DigitsByLabel, labels: Sequence[int]) -> Pixels:
    """Choose a picture of one of these digits."""
    pictures = digits[labels[int(rng.integers(len(labels)))]]
    return pictures[rng.integers(len(pictures))]


# Whole sheets: what a camera sees that looks at no drawing.


def field(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Smooth noise: clouds of any grain, at times only black and white."""
    sheet = _noise(rng, tuple(rng.integers(16, 41, 2)))
    return _photographed(sheet if rng.random() < 0.6 else np.sign(sheet))


def speckles(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Noise in which no pixel knows its neighbor, dense or sparse."""
    sheet = rng.random(rng.integers(10, 41, 2)) ** rng.uniform(0.5, 8)
    if rng.random() < 0.5:
        sheet = np.heaviside(sheet - rng.uniform(0.5, 0.95), 0)
    return _photographed(sheet)


def stripes(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Stripes or a grid, straight or bent."""
    rows, columns = np.mgrid[:32, :32] / 32
    bend = rng.choice([0, 0.3]) * _noise(rng, (32, 32))
    angle, waves = rng.uniform(0, math.pi), rng.uniform(2, 7, 2)
    across = math.cos(angle) * rows + math.sin(angle) * columns + bend * 0.3
    sheet = np.cos(2 * math.pi * waves[0] * across)
    if rng.random() < 0.5:
        along = math.sin(angle) * rows - math.cos(angle) * columns
        sheet = np.maximum(sheet, np.cos(2 * math.pi * waves[1] * along))
    return _photographed(np.clip(rng.choice([1, 8]) * (sheet - rng.uniform(-0.5, 0.7)), -1, 1))


def leaves(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Things of all sizes, each before the last, with the statistics of photographs.

    source   Lee, Mumford and Huang 2001, Occlusion Models for Natural Images
    """
    rows, columns = np.mgrid[:32, :32]
    sheet = np.full((32, 32), rng.random())
    for _ in range(rng.integers(2, 16)):
        row, column = rng.uniform(0, 32, 2)
        height, width = 12 * rng.pareto(2, 2) + 2
        down, across = (rows - row) / height, (columns - column) / width
        corner = rng.choice([2, 20])  # an ellipse, or nearly a rectangle
        covered = np.abs(down) ** corner + np.abs(across) ** corner < 1
        sheet[covered] = (rng.random() + 0.3 * rng.normal() * down)[covered]
    return _photographed(sheet + rng.choice([0, 0.1]) * rng.normal(size=sheet.shape))


def blob(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """One filled shape with a bumpy outline, of even or uneven ink."""
    rows, columns = (np.mgrid[:32, :32] - 15.5) / 16
    flat = rng.uniform(0.5, 2)
    distance = np.hypot(rows * flat**0.5, columns / flat**0.5)
    outline = 0.65 + rng.uniform(0, 0.25) * _noise(rng, (32, 32)) - distance
    sheet = np.clip(outline * rng.choice([2, 20]), 0, 1)
    if rng.random() < 0.3:
        sheet = sheet * np.clip(0.7 + 0.3 * _noise(rng, (32, 32)), 0, 1)
    return ink.from_ink(_as_pixels(sheet))


def _noise(rng: Generator, shape: tuple[int, ...]) -> Array:
    """Smooth noise of a random grain, of mean 0 and deviation 1."""
    grain = math.exp(rng.uniform(math.log(0.7), math.log(6)))
    noise: Array = ndimage.gaussian_filter(rng.normal(size=shape), grain)
    return (noise - noise.mean()) / noise.std()


def _photographed(sheet: Array) -> Pixels:
    """Take a sheet of any brightness the way a user's picture goes."""
    gray = _as_pixels(sheet)
    return ink.from_image(np.stack([gray, gray, gray, np.full_like(gray, 255)], axis=-1))


def _as_pixels(sheet: Array) -> Pixels:
    """Bring the least to 0 and the most to 255."""
    least, most = float(sheet.min()), float(sheet.max())
    return np.rint(255 * (sheet - least) / max(most - least, 1e-6)).astype(np.uint8)


KINDS: dict[Kind, float] = {
    glyph: 20,
    letter: 20,
    latin: 25,
    outline: 14,
    box: 6,
    ring: 6,
    scribble: 7,
    coil: 3,
    dashes: 4,
    crossing: 3,
    row_of_digits: 6,
    half: 4,
    turned: 5,
    struck_out: 4,
    shuffled: 2,
    negative: 1,
    field: 3,
    speckles: 2,
    stripes: 2,
    leaves: 4,
    blob: 4,
}

# Those of which some pictures are digits by accident.
ACCIDENTAL = (glyph, latin, letter, scribble, row_of_digits, half, turned, struck_out)
