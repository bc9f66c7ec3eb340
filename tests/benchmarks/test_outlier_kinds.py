"""The kinds of no digit are drawn as they say, and what is read as a digit is left out."""

from dataclasses import replace

import numpy as np
import outlier_kinds as kinds
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from inkdigits.imaging.decode import decode
from inkdigits.preprocessing import ink

COUNT = 40

WRITTEN = [*kinds.SCRIPTS, "words", "printed numbers"]
LATIN = ("capital letters", "small letters")


@pytest.fixture(scope="module")
def sources(digits):
    """Real digits; of fonts, clothes and photographs, which are no part of the project, others."""
    rng = np.random.default_rng(0)
    return kinds.Sources(
        digits=digits.take(slice(1000)),
        clothes=rng.integers(0, 256, (50, 28, 28), np.uint8),
        photographs=[rng.integers(0, 256, (90, 120, 3), np.uint8)],
        fonts={script: [ImageFont.load_default(kinds.LETTER_PX)] for script in kinds.SCRIPTS},
    )


def drawn(name, sources, part="development", count=COUNT):
    return list(kinds.draw(name, count, part, sources))


def ink_of(name, sources):
    """How much ink each pixel is, of each picture: uint8 (H, W)."""
    return [ink.extract_ink(decode(file)) for file in drawn(name, sources)]


def sides(strength):
    """Height and width of the ink."""
    return [int(np.ptp(np.flatnonzero(strength.any(axis=axis)))) + 1 for axis in (1, 0)]


@pytest.mark.parametrize("name", kinds.KINDS)
def test_each_kind_is_seen_and_no_two_pictures_are_the_same(name, sources):
    files = drawn(name, sources)
    # Of clothes and letters there are few, and a photograph may be all of one color.
    assert len(set(files)) > COUNT / 2
    assert sum(ink.from_image(decode(file)).any() for file in files) > 0.8 * COUNT


@pytest.mark.parametrize("name", kinds.KINDS)
def test_a_kind_is_always_the_same_and_its_parts_have_nothing_in_common(name, sources):
    development, report = (drawn(name, sources, part) for part in kinds.PARTS)
    assert drawn(name, sources, count=COUNT // 2) == development[: COUNT // 2]
    if name not in ("Fashion-MNIST", "pieces of digits"):  # of these the sources differ
        assert not set(development) & set(report)


def test_the_parts_share_no_font():
    assert len(set(kinds.FACES)) == len(kinds.FACES)
    assert len(kinds.FACES) % 2 == 0


def test_what_is_left_out_is_listed_once():
    read_as_digits = "".join(kinds.READ_AS_DIGITS.values()).replace(" ", "")
    assert len(set(read_as_digits)) == len(read_as_digits)
    assert set(kinds.READ_AS_DIGITS) <= set(range(10))
    for script in LATIN:
        assert len(set(kinds.SCRIPTS[script]) - set(read_as_digits)) >= 19


@pytest.mark.parametrize("script", LATIN)
def test_a_letter_that_is_read_as_a_digit_is_not_drawn(script, sources, monkeypatch):
    """Where a script has one other letter only, all pictures are of that."""
    listed = "".join(letter for letter in "OIZSBDGlozsbqg" if letter in kinds.SCRIPTS[script])
    monkeypatch.setitem(kinds.SCRIPTS, script, listed + "M")
    # An M is broader than any of them.
    widths = [sides(strength)[1] for strength in ink_of(script, sources)]
    monkeypatch.setitem(kinds.SCRIPTS, script, "M")
    assert widths == [sides(strength)[1] for strength in ink_of(script, sources)]


def test_a_font_has_a_letter_or_it_has_not():
    font = ImageFont.load_default(kinds.LETTER_PX)
    assert kinds._has(font, kinds.SCRIPTS["capital letters"])
    assert not kinds._has(font, "A大")
    assert not kinds._has(font, "A ")


@pytest.mark.parametrize("name", kinds.MAY_BE_NARROW)
def test_what_is_narrow_is_left_out_as_a_one(name, sources):
    for strength in ink_of(name, sources):
        rows, columns = np.nonzero(strength > 127)
        # Of what lies along no diagonal; about one in three.
        if abs(np.corrcoef(rows, columns)[0, 1]) < 0.1:
            assert columns.std() > 0.99 * kinds.NARROW * rows.std()


@pytest.mark.parametrize(
    ("lean_degrees", "breadth", "is_narrow"),
    [
        (0, 20, True),
        (40, 20, True),
        (-40, 20, True),
        (60, 20, False),
        (90, 20, False),
        (0, 60, False),
    ],
)
def test_what_is_long_and_upright_is_narrow(lean_degrees, breadth, is_narrow):
    lean = np.radians(lean_degrees)
    along = 50 * np.array([np.sin(lean), -np.cos(lean)])
    across = breadth / 2 * np.array([np.cos(lean), np.sin(lean)])
    corners = [80 + a * along + b * across for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    sheet = Image.new("L", (160, 160), 255)
    ImageDraw.Draw(sheet).polygon([tuple(corner.tolist()) for corner in corners], fill=0)
    assert kinds._is_narrow(sheet) == is_narrow
    assert kinds._is_narrow(ImageOps.invert(sheet)) == is_narrow


def test_pieces_come_from_the_listed_digits_alone(sources):
    used = {label for labels in kinds.PIECES.values() for label in labels}
    others = ~np.isin(sources.digits.labels, list(used))
    images = sources.digits.images.copy()
    images[others] = 255
    changed = replace(sources, digits=replace(sources.digits, images=images))
    assert drawn("pieces of digits", changed) == drawn("pieces of digits", sources)


def test_a_piece_is_at_most_half_of_its_digit(sources):
    images = np.zeros_like(sources.digits.images)
    images[:, 4:24, 4:24] = 255
    squares = replace(sources, digits=replace(sources.digits, images=images))
    for strength in ink_of("pieces of digits", squares):
        shorter, longer = sorted(sides(strength))
        assert 0.4 * 20 <= shorter <= 0.5 * 20
        assert longer == 20


def test_two_digits_are_side_by_side(sources):
    images = np.zeros_like(sources.digits.images)
    images[:, 4:24, 9:19] = 255
    bars = replace(sources, digits=replace(sources.digits, images=images))
    for strength in ink_of("two digits", bars):
        columns = np.flatnonzero(strength.any(axis=0))
        width = columns[-1] - columns[0] + 1
        # Each is half as wide as it is high, 45 to 60 px, and the gap is of 15 px at most.
        assert 2 * 22 <= width <= 2 * 30 + 15


def test_dashes_are_nearer_to_level_than_to_upright(sources):
    for strength in ink_of("dashes", sources):
        rows, columns = np.nonzero(strength)
        across, down = columns - columns.mean(), rows - rows.mean()
        # The principal direction of one stroke; several lie above each other and fill a square.
        if np.isclose(abs(np.corrcoef(across, down)[0, 1]), 1, atol=0.05):
            assert across.std() > 1.5 * down.std()


@pytest.mark.parametrize("part", kinds.PARTS)
def test_what_is_not_installed_is_named(part, digits, monkeypatch, tmp_path):
    monkeypatch.setattr(kinds, "FASHION", tmp_path)
    with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist"):
        kinds.load(part, digits)
