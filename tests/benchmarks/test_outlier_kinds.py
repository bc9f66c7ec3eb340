"""Each kind of non-digit is drawn as described, and no image looks like a digit."""

from dataclasses import replace

import cv2
import numpy as np
import outlier_kinds as kinds
import outlier_sources
import pytest
from outlier_digits import FRAGMENTS
from outlier_drawings import HAND_SIGNS
from outlier_sources import FACES, OTHER_DIGITS, OTHER_FACES, SCRIPTS
from outlier_text import LOOK_LIKE_DIGITS, OTHER_LOOK_LIKE_DIGITS, digit_of_another_script
from PIL import Image, ImageDraw, ImageFont, ImageOps

from inkdigits.imaging.decode import decode
from inkdigits.preprocessing import ink, segmentation

COUNT = 40

LATIN = ("uppercase letters", "lowercase letters")


@pytest.fixture(scope="module")
def sources(digits):
    """Real digits, and substitutes for the fonts, clothes and photographs of system packages."""
    rng = np.random.default_rng(0)
    return kinds.Sources(
        digits=digits.take(slice(1000)),
        clothes=rng.integers(0, 256, (50, 28, 28), np.uint8),
        photographs=[rng.integers(0, 256, (90, 120, 3), np.uint8)],
        fonts={
            script: [ImageFont.load_default(outlier_sources.FONT_PX)]
            for script in (*SCRIPTS, *OTHER_DIGITS, "pictograms")
        },
    )


def drawn(name, sources, split="development", count=COUNT):
    return list(kinds.draw(name, count, split, sources))


def ink_of(name, sources):
    """The ink of each image, uint8 (H, W)."""
    return [segmentation.extract_ink(decode(file)) for file in drawn(name, sources)]


def sides(inked):
    """Height and width of the ink."""
    return [int(np.ptp(np.flatnonzero(inked.any(axis=axis)))) + 1 for axis in (1, 0)]


@pytest.mark.parametrize("name", kinds.KINDS)
def test_images_are_not_blank_and_differ_from_each_other(name, sources):
    files = drawn(name, sources)
    # There are few different clothes and letters, and a photograph may have a single color.
    assert len(set(files)) > COUNT / 2
    assert sum(ink.from_image(decode(file)).any() for file in files) > 0.8 * COUNT


@pytest.mark.parametrize("name", kinds.KINDS)
def test_drawing_is_deterministic_and_splits_are_disjoint(name, sources):
    development, test = (drawn(name, sources, split) for split in kinds.SPLITS)
    assert drawn(name, sources, count=COUNT // 2) == development[: COUNT // 2]
    if name not in ("Fashion-MNIST", "digit fragments"):  # whose splits differ in their sources
        assert not set(development) & set(test)


def test_splits_do_not_share_fonts():
    assert len(set(FACES)) == len(FACES)
    assert len(FACES) % 2 == 0

    assert all(development != test for development, test in OTHER_FACES.values())


def test_excluded_letters_are_listed_once():
    excluded = "".join(LOOK_LIKE_DIGITS.values()).replace(" ", "")
    assert len(set(excluded)) == len(excluded)
    assert set(LOOK_LIKE_DIGITS) <= set(range(10))
    for script in LATIN:
        assert len(set(SCRIPTS[script]) - set(excluded)) >= 19


def test_excluded_digits_of_other_scripts_are_listed_once():
    """Each script keeps a few digits, but not its zero."""
    excluded = "".join(OTHER_LOOK_LIKE_DIGITS.values()).replace(" ", "")
    assert len(set(excluded)) == len(excluded)
    assert set(excluded) <= set("".join(OTHER_DIGITS.values()))
    for digits in OTHER_DIGITS.values():
        assert digits[0] in excluded
        assert len(set(digits) - set(excluded)) >= 3


def test_excluded_digits_of_other_scripts_are_not_drawn(sources, monkeypatch):
    drawn = []
    monkeypatch.setattr("outlier_text.typeset", lambda rng, fonts, text: drawn.append(text))
    rng = np.random.default_rng(0)
    for _ in range(2000):
        digit_of_another_script(rng, sources)
    excluded = "".join(OTHER_LOOK_LIKE_DIGITS.values())
    assert set(drawn) == set("".join(OTHER_DIGITS.values())) - set(excluded)


@pytest.mark.parametrize("script", LATIN)
def test_letters_that_look_like_digits_are_excluded(script, sources, monkeypatch):
    """If a script has only one other letter, all images show it."""
    excluded = "".join(letter for letter in "OIZSBDGlozsbqg" if letter in SCRIPTS[script])
    monkeypatch.setitem(SCRIPTS, script, excluded + "M")
    # An M is wider than any of them.
    widths = [sides(inked)[1] for inked in ink_of(script, sources)]
    monkeypatch.setitem(SCRIPTS, script, "M")
    assert widths == [sides(inked)[1] for inked in ink_of(script, sources)]


def test_font_without_a_letter_is_detected():
    font = ImageFont.load_default(outlier_sources.FONT_PX)
    assert outlier_sources._has(font, SCRIPTS["uppercase letters"])
    assert not outlier_sources._has(font, "A大")
    assert not outlier_sources._has(font, "A ")


@pytest.mark.parametrize("name", kinds.MAY_BE_NARROW)
def test_narrow_upright_images_are_excluded(name, sources):
    for inked in ink_of(name, sources):
        rows, columns = np.nonzero(inked > 127)
        # Only images that are not along a diagonal, about one in three.
        if abs(np.corrcoef(rows, columns)[0, 1]) < 0.1:
            assert columns.std() > 0.99 * kinds.NARROW * rows.std()


@pytest.mark.parametrize(
    ("slant_degrees", "width", "is_narrow"),
    [
        (0, 20, True),
        (40, 20, True),
        (-40, 20, True),
        (60, 20, False),
        (90, 20, False),
        (0, 60, False),
    ],
)
def test_long_and_upright_bars_are_narrow(slant_degrees, width, is_narrow):
    slant = np.radians(slant_degrees)
    along = 50 * np.array([np.sin(slant), -np.cos(slant)])
    across = width / 2 * np.array([np.cos(slant), np.sin(slant)])
    corners = [80 + a * along + b * across for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    image = Image.new("L", (160, 160), 255)
    ImageDraw.Draw(image).polygon([tuple(corner.tolist()) for corner in corners], fill=0)
    assert kinds._is_narrow(image) == is_narrow
    assert kinds._is_narrow(ImageOps.invert(image)) == is_narrow


def test_fragments_come_only_from_the_listed_digits(sources):
    used = {label for labels in FRAGMENTS.values() for label in labels}
    others = ~np.isin(sources.digits.labels, list(used))
    images = sources.digits.images.copy()
    images[others] = 255
    changed = replace(sources, digits=replace(sources.digits, images=images))
    assert drawn("digit fragments", changed) == drawn("digit fragments", sources)


def test_fragment_is_at_most_half_of_its_digit(sources):
    images = np.zeros_like(sources.digits.images)
    images[:, 4:24, 4:24] = 255
    squares = replace(sources, digits=replace(sources.digits, images=images))
    for inked in ink_of("digit fragments", squares):
        shorter, longer = sorted(sides(inked))
        assert 0.4 * 20 <= shorter <= 0.5 * 20
        assert longer == 20


def test_two_digits_are_side_by_side(sources):
    images = np.zeros_like(sources.digits.images)
    images[:, 4:24, 9:19] = 255
    bars = replace(sources, digits=replace(sources.digits, images=images))
    for inked in ink_of("two digits", bars):
        columns = np.flatnonzero(inked.any(axis=0))
        width = columns[-1] - columns[0] + 1
        # Each is 45 to 60 px high and half as wide, and the gap is at most 15 px.
        assert 2 * 22 <= width <= 2 * 30 + 15


def test_touching_digits_touch(sources):
    """Bars that touch are one component, wider than a single one."""
    images = np.zeros_like(sources.digits.images)
    images[:, 4:24, 9:19] = 255
    bars = replace(sources, digits=replace(sources.digits, images=images))
    for inked in ink_of("touching digits", bars):
        assert cv2.connectedComponents((inked > 127).view(np.uint8))[0] == 2
        height, width = sides(inked)
        assert height <= 100
        assert width > 0.5 * 60 * 0.9


def test_tables_have_several_lines(sources):
    for inked in ink_of("columns and tables", sources):
        gaps = np.diff(inked.any(axis=1).astype(int)) < 0
        assert len(inked) > 80
        # Slightly rotated lines may overlap.
        assert gaps.any() or sides(inked)[1] > 200


def test_hand_signs_differ_by_their_fingers(sources, monkeypatch):
    """An open hand has more ink than a fist, if both are filled or both outlined."""
    areas = []
    for fingers in ((), (0, 1, 2, 3, 4)):
        monkeypatch.setattr("outlier_drawings.HAND_SIGNS", {"sign": fingers})
        areas.append([(inked > 0).sum() for inked in ink_of("hand signs", sources)])
    assert np.mean(areas[1]) > 1.2 * np.mean(areas[0])
    assert len(set(HAND_SIGNS.values())) == len(HAND_SIGNS)


def test_smileys_have_eyes_and_a_mouth(sources):
    parts = [
        cv2.connectedComponents((inked > 0).view(np.uint8))[0] - 1
        for inked in ink_of("smileys", sources)
    ]
    assert np.median(parts) == 4
    assert min(parts) >= 2


def test_dashes_are_closer_to_horizontal_than_to_vertical(sources):
    for inked in ink_of("dashes", sources):
        rows, columns = np.nonzero(inked)
        across, down = columns - columns.mean(), rows - rows.mean()
        # Only single strokes have this principal direction; several fill a square.
        if np.isclose(abs(np.corrcoef(across, down)[0, 1]), 1, atol=0.05):
            assert across.std() > 1.5 * down.std()


@pytest.mark.parametrize("split", kinds.SPLITS)
def test_missing_packages_are_named(split, digits, monkeypatch, tmp_path):
    monkeypatch.setattr(outlier_sources, "FASHION", tmp_path)
    with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist"):
        kinds.load(split, digits)
