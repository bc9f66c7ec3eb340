"""Pendigits: parsed strictly, and rendered as images like MNIST's."""

import gzip
import hashlib
import os

import numpy as np
import pytest

from inkdigits.data import pendigits
from inkdigits.data.folders import DataError
from inkdigits.data.pendigits import RENDERING
from inkdigits.data.traces import Traces, select_writers

UNIPEN = b""".INCLUDE        dene.doc

.LEXICON "0" "1" "2" "3" "4" "5" "6" "7" "8" "9"
.HIERARCHY      DIGIT

.SEGMENT DIGIT    0 ? "1"
.COMMENT 1 12  224
.PEN_DOWN
 250  400
 250   90
 -10 1000
.PEN_UP
.DT 100

.SEGMENT DIGIT  1-2 ? "7"
.COMMENT 7  3    5
.PEN_DOWN
 150  400
 350  400
 250  100
.PEN_UP
.DT 30
.PEN_DOWN
 200  250
 300  250
.PEN_UP
.DT 100

.SEGMENT DIGIT    3 ? "0"
.COMMENT 0 12  225
.PEN_DOWN
 250  250
.PEN_UP
.DT 100
"""
STROKES = [
    [[(250, 100), (250, 410), (-10, -500)]],
    [[(150, 100), (350, 100), (250, 400)], [(200, 250), (300, 250)]],
    [[(250, 250)]],
]
ANGLES = np.linspace(0, 2 * np.pi, 30)
RING = 250 + 150 * np.stack([np.sin(ANGLES), np.cos(ANGLES)], axis=1)
ZIGZAG = np.array([(100, 100), (300, 100), (120, 300), (330, 330), (200, 420)])


def traces_of(*strokes):
    """Make one-stroke digits, labeled 0, 1, ..., by the writers 7, 8, ..."""
    count = len(strokes)
    return Traces(
        [[np.array(stroke, np.float32)] for stroke in strokes],
        np.arange(count, dtype=np.uint8),
        np.arange(7, 7 + count, dtype=np.int32),
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the file above, which inkdigits accepts as the real one."""
    (tmp_path / pendigits.NAME).write_bytes(UNIPEN)
    monkeypatch.setattr(pendigits, "SIZE", len(UNIPEN))
    monkeypatch.setattr(pendigits, "SHA256", hashlib.sha256(UNIPEN).hexdigest())
    return tmp_path


def assert_sentence(error):
    text = str(error)
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text


def assert_same_strokes(strokes, expected):
    for digit, expected_digit in zip(strokes, expected, strict=True):
        for stroke, points in zip(digit, expected_digit, strict=True):
            np.testing.assert_array_equal(stroke, np.array(points, np.float32), strict=True)


# The strict UNIPEN parser


def test_parses_strokes_labels_and_writers():
    traces = pendigits.read_unipen(UNIPEN, "some-file")
    assert_same_strokes(traces.strokes, STROKES)
    np.testing.assert_array_equal(traces.labels, np.array([1, 7, 0], np.uint8), strict=True)
    np.testing.assert_array_equal(traces.writers, np.array([12, 3, 12], np.int32), strict=True)
    assert len(traces) == 3


def test_missing_line_is_an_error():
    lines = UNIPEN.splitlines(keepends=True)
    for number, line in enumerate(lines):
        # Without a point, an empty line, or a line of the header, the file is still valid.
        if line.startswith((b" ", b"\n", b".INCLUDE", b".LEXICON", b".HIERARCHY")):
            continue
        with pytest.raises(DataError, match="some-file") as error:
            pendigits.read_unipen(b"".join(lines[:number] + lines[number + 1 :]), "some-file")
        assert_sentence(error.value)


@pytest.mark.parametrize(
    ("valid", "damaged"),
    [
        (b'? "7"', b'? "8"'),  # .COMMENT says 7
        (b'? "7"', b'? "x"'),
        (b'? "7"', b'? "77"'),
        (b"SEGMENT DIGIT  1-2", b"SEGMENT LETTER  1-2"),
        (b"COMMENT 7  3    5", b"COMMENT 7  3"),
        (b"COMMENT 7  3    5", b"COMMENT 7  x    5"),
        (b" 350  400\n", b" 350\n"),
        (b" 350  400\n", b" 350  400  1\n"),
        (b" 350  400\n", b" 350  4e2\n"),
        (b" 350  400\n", b" 350  nan\n"),
        (b" 350  400\n", b" 350  4000000000\n"),
        (b" 200  250\n 300  250\n", b""),  # a stroke without points
        (b".DT 30\n", b".DT 30\nmore\n"),
        (b".DT 30\n", b".DT 30\n.PEN_DOWN\n"),
        (b".DT 30\n", b""),
    ],
)
def test_error_names_the_damaged_digit(valid, damaged):
    assert UNIPEN.count(valid) == 1
    with pytest.raises(DataError, match=r"^some-file is damaged at digit [01], ") as error:
        pendigits.read_unipen(UNIPEN.replace(valid, damaged), "some-file")
    assert_sentence(error.value)


@pytest.mark.parametrize("end", [b".PEN_UP\n.DT 100\n", b".DT 100\n", b"00\n", b"\n"])
def test_truncated_file_is_an_error(end):
    with pytest.raises(DataError, match="damaged at digit 2"):
        pendigits.read_unipen(UNIPEN.removesuffix(end), "some-file")


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b".LEXICON x\n", b"text\n" + UNIPEN])
def test_another_format_is_an_error(data):
    with pytest.raises(DataError, match=r"^some-file is not a UNIPEN file of digits\.$") as error:
        pendigits.read_unipen(data, "some-file")
    assert_sentence(error.value)


# Load


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_loads_from_the_folder_that_has_the_file(suffix, folder, monkeypatch):
    if suffix:
        (folder / pendigits.NAME).unlink()
        (folder / f"{pendigits.NAME}.gz").write_bytes(gzip.compress(UNIPEN))
    monkeypatch.setenv("INKDIGITS_DATA", f"{folder / 'elsewhere'}{os.pathsep}{folder}")
    for traces in (pendigits.load(), pendigits.load(folder)):
        assert_same_strokes(traces.strokes, STROKES)
        assert traces.hashes == {pendigits.NAME: hashlib.sha256(UNIPEN).hexdigest()}


def test_error_for_a_missing_file_says_where_to_get_it(tmp_path, monkeypatch):
    with pytest.raises(DataError) as error:
        pendigits.load(tmp_path)
    assert_sentence(error.value)
    for part in (
        f"{pendigits.NAME} not found in {tmp_path}: get ",
        "archive.ics.uci.edu",
        pendigits.SHA256,
        "CC BY 4.0",
    ):
        assert part in str(error.value)
    monkeypatch.setenv("INKDIGITS_DATA", f"/one{os.pathsep}/other")
    with pytest.raises(DataError, match=f"{pendigits.NAME} not found in /one and /other: "):
        pendigits.load()


def test_file_with_another_hash_is_rejected(folder):
    path = folder / pendigits.NAME
    path.write_bytes(UNIPEN.replace(b"400", b"401", 1))
    with pytest.raises(DataError, match=f"^{path} is damaged or is a different file") as error:
        pendigits.load(folder)
    assert_sentence(error.value)
    assert "archive.ics.uci.edu" in str(error.value)
    assert pendigits.SHA256 in str(error.value)


def test_no_writer_is_used_for_training_and_development():
    assert set(pendigits.TRAINING_WRITERS) | set(pendigits.DEVELOPMENT_WRITERS) == set(range(1, 31))
    assert not set(pendigits.TRAINING_WRITERS) & set(pendigits.DEVELOPMENT_WRITERS)


# Rendering


def test_each_digit_is_rendered_in_several_ways():
    rendered = pendigits.render(traces_of(RING, ZIGZAG), copies=3, seed=0)
    assert (rendered.images.shape, rendered.images.dtype) == ((6, 28, 28), np.uint8)
    np.testing.assert_array_equal(rendered.labels, np.uint8([0, 0, 0, 1, 1, 1]), strict=True)
    np.testing.assert_array_equal(rendered.writers, np.int32([7, 7, 7, 8, 8, 8]), strict=True)
    assert len(np.unique(rendered.images, axis=0)) == 6
    # Whatever the pen, the middle of a ring is empty.
    middles = rendered.images[:, 11:17, 11:17].mean(axis=(1, 2))
    assert (middles[:3] < 10).all()
    assert (middles[3:] > 30).all()


def test_images_depend_on_the_seed():
    traces = traces_of(RING, ZIGZAG)
    images = pendigits.render(traces, 2, seed=1).images
    np.testing.assert_array_equal(pendigits.render(traces, 2, seed=1).images, images)
    assert not np.array_equal(pendigits.render(traces, 2, seed=2).images, images)


def test_images_of_a_digit_do_not_depend_on_the_number_of_digits():
    few = pendigits.render(traces_of(RING, ZIGZAG), 2, seed=0).images
    many = pendigits.render(traces_of(RING, ZIGZAG, RING, RING), 3, seed=0).images
    np.testing.assert_array_equal(many.reshape(4, 3, 28, 28)[:2, :2].reshape(4, 28, 28), few)
    # The same trace at another index, or as another copy, is rendered differently.
    assert len(np.unique(many.reshape(4, 3, 28, 28)[[0, 2, 3]].reshape(9, -1), axis=0)) == 9


def test_no_traces_or_no_copies_give_no_images():
    assert pendigits.render(traces_of(), 4, 0).images.shape == (0, 28, 28)
    assert pendigits.render(traces_of(RING), 0, 0).images.shape == (0, 28, 28)


def test_traces_are_not_modified():
    traces = traces_of(RING)
    pendigits.render(traces, 4, 0)
    np.testing.assert_array_equal(traces.strokes[0][0], RING.astype(np.float32))


@pytest.mark.parametrize("stroke", [[(250, 250)], [(3, 3)] * 5, [(0, 7), (400, 7)]])
def test_dot_and_a_horizontal_line_are_rendered(stroke):
    images = pendigits.render(traces_of(stroke), 20, 0).images
    assert (images.max(axis=(1, 2)) == 255).all()


def canvases_of(stroke, count, **options):
    """Render a digit several times and return the images before preprocessing."""
    canvases = []

    def record(canvas):
        canvases.append(canvas)
        return np.zeros((28, 28), np.uint8)

    pendigits.render(traces_of(stroke), count, 0, preprocess=record, **options)
    return canvases


@pytest.fixture(scope="module")
def canvases():
    return canvases_of(RING, 300)


def extent(canvas):
    """Return the bounding box of the ink: top, bottom, left, right."""
    rows, columns = (np.flatnonzero(canvas.any(axis=axis)) for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_canvases_have_all_sizes(canvases):
    sides = np.array([canvas.shape for canvas in canvases])
    assert 28 <= sides.min() < 32
    assert 350 < sides.max() <= 420
    assert (sides[:, 0] > sides[:, 1]).mean() == pytest.approx(0.5, abs=0.1)
    assert all(canvas.dtype == np.uint8 for canvas in canvases)


def test_digit_is_complete_and_at_any_position_on_the_canvas(canvases):
    positions = []
    for canvas in canvases:
        top, bottom, left, right = extent(canvas)
        height, width = canvas.shape
        size = max(bottom - top, right - left)
        assert 15 <= size <= 0.85 * min(height, width) + 2
        assert size >= 0.35 * min(height, width) - 2
        # The share of the free space that is above, and to the left.
        positions.append((top / (height - (bottom - top)), left / (width - (right - left))))
    np.testing.assert_allclose(np.quantile(positions, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.08)


def test_pens_have_all_widths_and_some_have_hard_edges(canvases):
    # Solve for the width of the pen, given the area and the diameter of the ring.
    widths = []
    for canvas in canvases:
        top, bottom, left, right = extent(canvas)
        size = (bottom - top + right - left) / 2
        area = canvas.sum() / 255
        half = (np.pi * size - np.sqrt((np.pi * size) ** 2 - 4 * np.pi * area)) / (2 * np.pi)
        widths.append(half / max(bottom - top, right - left))
    assert np.min(widths) < 0.01
    assert 0.2 < np.max(widths) < 0.3
    # Widths follow the square of a uniform variable; if they were log-uniform, this would be .18.
    large = [min(canvas.shape) > 100 for canvas in canvases]
    assert np.mean(np.array(widths)[large] > RENDERING.max_pen_share / 2) == pytest.approx(
        1 - 0.5**0.5, abs=0.07
    )
    hard = np.mean([set(np.unique(canvas)) == {0, 255} for canvas in canvases])
    assert hard == pytest.approx(RENDERING.aliased_share, abs=0.08)


def test_dot_is_not_clipped():
    for canvas in canvases_of([(250, 250)], 300):
        top, bottom, left, right = extent(canvas)
        assert abs((bottom - top) - (right - left)) <= 1


def test_distortion_rotates_shears_and_jitters_the_digit():
    vertical = np.stack([np.full(31, 250), np.linspace(100, 500, 31)], axis=1)
    slopes, deviations = [], []
    for canvas in canvases_of(vertical, 200):
        top, bottom, _, _ = extent(canvas)
        rows = np.arange(top + (bottom - top) // 6, bottom - (bottom - top) // 6)
        columns = canvas[rows] @ np.arange(canvas.shape[1]) / canvas[rows].sum(axis=1)
        slope, offset = np.polyfit(rows, columns, 1)
        slopes.append(slope)
        if bottom - top > 100:
            deviations.append(np.std(columns - slope * rows - offset) / (bottom - top))
    assert np.abs(np.mean(slopes)) < 0.05
    # From a rotation of 5 degrees, a shear of 0.25, and the waves.
    assert 0.15 < np.std(slopes) < 0.2
    assert np.abs(slopes).max() < 0.55
    assert 0.008 < np.mean(deviations) < 0.04


def test_distortion_changes_the_aspect(canvases):
    extents = np.array([extent(canvas) for canvas in canvases if min(canvas.shape) > 60])
    ratios = (extents[:, 3] - extents[:, 2]) / (extents[:, 1] - extents[:, 0])
    assert 1.15 < ratios.max() < 1.4
    assert 1 / 1.5 < ratios.min() < 1 / 1.15


def test_without_distortion_the_shape_is_unchanged():
    for canvas in canvases_of([(0, 0), (400, 400)], 50, distort=False):
        top, bottom, left, right = extent(canvas)
        assert abs((bottom - top) - (right - left)) <= 1


@pytest.mark.data
def test_file_has_the_digits_of_30_writers(pen_traces):
    assert len(pen_traces) == 7494
    writers, counts = np.unique(pen_traces.writers, return_counts=True)
    assert writers.tolist() == list(range(1, 31))
    assert ((counts >= 247) & (counts <= 250)).all()
    assert np.bincount(pen_traces.labels).min() > 700
    assert set(map(len, pen_traces.strokes)) == {1, 2, 3}
    assert pen_traces.hashes == {pendigits.NAME: pendigits.SHA256}


@pytest.mark.data
def test_images_are_like_mnists(pen_traces, mnist_splits):
    """Images of a development writer: upright, in the 20x20 box, centered by mass."""
    digits, _ = mnist_splits
    rendered = pendigits.render(select_writers(pen_traces, [21]), 1, 0)
    assert len(rendered) == 250
    assert (rendered.images.max(axis=(1, 2)) == 255).all()
    positions = np.arange(28)
    for image in rendered.images:
        top, bottom, left, right = extent(image)
        assert max(bottom - top, right - left) == 20
        assert image.sum(axis=1) @ positions / image.sum() == pytest.approx(14, abs=1)
        assert image.sum(axis=0) @ positions / image.sum() == pytest.approx(14, abs=1)
    assert rendered.images.mean() == pytest.approx(digits.images.mean(), rel=0.15)
    # Most are closest to the mean image of their own digit in MNIST, but not if flipped.
    means = np.stack([digits.images[digits.labels == digit].mean(axis=0) for digit in range(10)])
    flat = means.reshape(10, -1) / np.linalg.norm(means.reshape(10, -1), axis=1, keepdims=True)
    nearest = (rendered.images.reshape(250, -1) @ flat.T).argmax(axis=1)
    assert np.mean(nearest == rendered.labels) > 0.5
    flipped = (rendered.images[:, ::-1].reshape(250, -1) @ flat.T).argmax(axis=1)
    assert np.mean(flipped == rendered.labels) < np.mean(nearest == rendered.labels) - 0.1
