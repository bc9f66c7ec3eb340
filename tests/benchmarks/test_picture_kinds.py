"""Each kind of picture shows a whole digit, and what the kind is named after."""

from io import BytesIO

import numpy as np
import pytest
from bar_kinds import with_level_bar
from picture_kinds import KINDS, pictures
from PIL import Image
from tracing import trace

from inkdigits.data.mnist import Digits

COUNT = 8


def opened(file):
    """Decode a file, float64 (H, W), from 0 to 255 as far as 8 bits go."""
    picture = Image.open(BytesIO(file))
    return np.asarray(picture if picture.mode.startswith("I") else picture.convert("L"), float)


def made(name, digits, count=COUNT):
    return [opened(file) for _, file in pictures(name, digits, count)]


def corners(image, share=0.12):
    """The mean brightness in each corner."""
    height, width = (max(1, round(share * side)) for side in image.shape)
    rows, columns = (
        (slice(None, height), slice(-height, None)),
        (
            slice(None, width),
            slice(-width, None),
        ),
    )
    return np.array([np.median(image[row, column]) for row in rows for column in columns])


@pytest.mark.parametrize("name", KINDS)
def test_pictures_are_deterministic_differ_and_have_labels_of_the_kind(name, digits):
    once, again = (list(pictures(name, digits, 4)) for _ in range(2))
    assert once == again
    assert len({file for _, file in once}) == 4
    assert {label for label, _ in once} <= set(KINDS[name].labels)
    assert list(pictures(name, digits, 3)) == once[:3]


def test_digits_are_used_again_if_there_are_too_few(digits):
    few = digits.take(slice(3))
    drawn = list(pictures("box", few, 7))
    assert [label for label, _ in drawn] == [int(few.labels[number % 3]) for number in range(7)]
    assert len({file for _, file in drawn}) == 7


def test_digits_that_do_not_fit_are_an_error():
    zeros = Digits(np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8), None)
    with pytest.raises(ValueError, match="none of the digits fits the kind own bar"):
        next(pictures("own bar", zeros, 1))


@pytest.mark.parametrize("name", KINDS)
def test_ink_is_visible(name, digits):
    """The middle part of the picture, where the digit is, has some ink and more background."""
    for image in made(name, digits):
        spread = np.ptp(image) / max(image.max(), 1)
        assert spread > 0.1
        middle = image[2:-2, 2:-2]
        near_background = np.abs(middle - np.median(middle)) < 0.5 * np.ptp(image)
        assert near_background.mean() > 0.4


def test_turned_scan_has_black_corners(digits):
    for image in made("black corners", digits):
        edges = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        assert image[[0, 0, -1, -1], [0, -1, 0, -1]].min() < 20
        assert (edges < 20).mean() > 0.03
        assert np.median(image) > 150


def test_vignette_is_darker_in_all_corners(digits):
    for image in made("vignette", digits):
        assert corners(image, 0.05).max() < 0.9 * np.percentile(image, 95)


def test_dark_corner_is_the_only_one(digits):
    for image in made("one dark corner", digits):
        light = np.sort(corners(image, 0.05))
        assert light[0] < 0.75 * light[3]
        assert light[1] > 0.85 * light[3]


@pytest.mark.parametrize(
    "name",
    [
        "corner of the table",
        "paper's edge",
        "thumb",
        "neighbor's cut stroke",
        "bar at the edge",
    ],
)
def test_only_a_part_of_the_edge_differs_from_the_paper(name, digits):
    for image in made(name, digits):
        edges = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        differs = np.abs(edges - np.median(image)) > 0.1 * np.median(image)
        assert 0.001 < differs.mean() < 0.6


@pytest.mark.parametrize("name", ["box", "circle", "underline", "touching underline"])
def test_mark_is_wider_than_the_digit(name, digits):
    for (_, file), image in zip(pictures(name, digits, COUNT), made(name, digits), strict=True):
        assert opened(file).shape == image.shape
        ink = np.abs(image - np.median(image)) > 0.25 * np.ptp(image)
        rows = np.flatnonzero(ink.any(axis=1))
        columns = np.flatnonzero(ink.any(axis=0))
        box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        lowest = box[-max(3, len(box) // 7) :]
        assert lowest.any(axis=0).mean() > (0.3 if name == "circle" else 0.55)


def test_bar_is_made_level_and_straight_and_the_rest_stays_in_place(digits):
    leveled = 0
    for image, label in zip(digits.images[:60], digits.labels[:60], strict=True):
        if label not in KINDS["own bar"].labels:
            continue
        strokes = trace(image)
        result = with_level_bar(strokes)
        if result is None:
            continue
        leveled += 1
        bent, row, length = result
        points, before = np.concatenate(bent), np.concatenate(strokes)
        on_bar = points[np.abs(points[:, 0] - row) < 1e-6]
        assert np.ptp(on_bar[:, 1]) >= 0.45 * np.ptp(points[:, 1])
        assert np.ptp(on_bar[:, 1]) == pytest.approx(length, abs=0.25)
        assert np.abs(points - before).max() < 0.25
    assert leveled > 10


def test_own_bar_lies_on_one_or_two_rows(digits):
    for name in ("own bar", "own bar on ruled paper"):
        for image in made(name, digits):
            ink = np.abs(image - np.median(image)) / np.ptp(image)
            two_rows = ink[:-1] + ink[1:]
            assert (two_rows > 0.6).mean(axis=1).max() > 0.2


def test_faint_photos_are_small_dim_and_faint(digits):
    for image in made("faint and dim", digits):
        assert max(image.shape) <= 40
        assert 0.2 * 255 < np.median(image) < 0.65 * 255
        assert np.percentile(image, 2) > 0.35 * np.median(image)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("PNG with bytes behind its end", b"IEND\xaeB`\x82"),
        ("GIF with bytes behind its end", b"\0;"),
        ("WebP with bytes behind its end", None),
    ],
)
def test_bytes_are_left_behind_the_end(name, end, digits):
    for _, file in pictures(name, digits, COUNT):
        if end is None:
            assert len(file) > 8 + int.from_bytes(file[4:8], "little")
        else:
            assert end in file[: -1 if file.endswith(end[-1:]) else None]
            assert not file.endswith(end) or file.count(end) > 1


def test_sixteen_bit_files_use_twelve_bits(digits):
    images = made("12 bits in a 16-bit PNG", digits)
    assert all(255 < image.max() < 4096 for image in images)
    assert np.mean([(image == 4095).mean() for image in images]) < 0.5


def test_ones_lean_by_about_thirty_degrees(digits):
    angles = []
    for image in made("leaning 1", digits, 20):
        rows, columns = np.nonzero(image < (image.min() + np.median(image)) / 2)
        covariance = np.cov(rows, columns)
        down, right = np.linalg.eigh(covariance)[1][:, 1]
        angles.append(np.degrees(np.arctan2(abs(right), abs(down))))
    assert min(angles) > 18
    assert max(angles) < 45


def test_strokes_of_a_kind_are_not_changed_in_place(digits):
    strokes = trace(digits.images[0])
    copies = [stroke.copy() for stroke in strokes]
    for kind in KINDS.values():
        if kind.fits(strokes):
            kind.draw(strokes, np.random.default_rng(0))
    for stroke, copy in zip(strokes, copies, strict=True):
        np.testing.assert_array_equal(stroke, copy)
