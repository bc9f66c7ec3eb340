"""Pen traces: read strictly from their file, and drawn as MNIST's pictures of other hands."""

import gzip
import hashlib
import os

import numpy as np
import pytest

from inkdigits.data import pendigits
from inkdigits.data.folders import DataError
from inkdigits.data.pendigits import Traces
from inkdigits.preprocessing import ink

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
    """Digits of these strokes, 0, 1, ... by the writers 7, 8, ..."""
    count = len(strokes)
    return Traces(
        [[np.array(stroke, np.float32)] for stroke in strokes],
        np.arange(count, dtype=np.uint8),
        np.arange(7, 7 + count, dtype=np.int32),
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the small file, which passes for the whole one."""
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
    for digit, wanted in zip(strokes, expected, strict=True):
        for stroke, points in zip(digit, wanted, strict=True):
            np.testing.assert_array_equal(stroke, np.array(points, np.float32), strict=True)


# The strict reader


def test_reads_strokes_labels_and_writers():
    traces = pendigits.read_unipen(UNIPEN, "some-file")
    assert_same_strokes(traces.strokes, STROKES)
    np.testing.assert_array_equal(traces.labels, np.array([1, 7, 0], np.uint8), strict=True)
    np.testing.assert_array_equal(traces.writers, np.array([12, 3, 12], np.int32), strict=True)
    assert len(traces) == 3


def test_no_line_may_be_missing():
    lines = UNIPEN.splitlines(keepends=True)
    for number, line in enumerate(lines):
        # A file may well lack a point, a whole pause between strokes, or a line of its head.
        if line.startswith((b" ", b"\n", b".INCLUDE", b".LEXICON", b".HIERARCHY")):
            continue
        with pytest.raises(DataError, match="some-file") as error:
            pendigits.read_unipen(b"".join(lines[:number] + lines[number + 1 :]), "some-file")
        assert_sentence(error.value)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b'? "7"', b'? "8"'),  # the comment says 7
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
        (b" 200  250\n 300  250\n", b""),  # a stroke of nothing
        (b".DT 30\n", b".DT 30\nmore\n"),
        (b".DT 30\n", b".DT 30\n.PEN_DOWN\n"),
        (b".DT 30\n", b""),
    ],
)
def test_a_damaged_digit_is_refused_by_its_number(right, wrong):
    assert UNIPEN.count(right) == 1
    with pytest.raises(DataError, match=r"^some-file is damaged in digit [01], ") as error:
        pendigits.read_unipen(UNIPEN.replace(right, wrong), "some-file")
    assert_sentence(error.value)


@pytest.mark.parametrize("end", [b".PEN_UP\n.DT 100\n", b".DT 100\n", b"00\n", b"\n"])
def test_a_file_that_is_cut_off_is_refused(end):
    with pytest.raises(DataError, match="damaged in digit 2"):
        pendigits.read_unipen(UNIPEN.removesuffix(end), "some-file")


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b".LEXICON x\n", b"text\n" + UNIPEN])
def test_another_file_is_refused(data):
    with pytest.raises(DataError, match=r"^some-file does not begin as") as error:
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


def test_a_missing_file_is_an_error_that_says_where_to_get_it(tmp_path, monkeypatch):
    with pytest.raises(DataError) as error:
        pendigits.load(tmp_path)
    assert_sentence(error.value)
    for part in (
        f"{tmp_path} lacks {pendigits.NAME}:",
        "archive.ics.uci.edu",
        pendigits.SHA256,
        "CC BY 4.0",
    ):
        assert part in str(error.value)
    monkeypatch.setenv("INKDIGITS_DATA", f"/one{os.pathsep}/other")
    with pytest.raises(DataError, match=f"/one and /other lack {pendigits.NAME}:"):
        pendigits.load()


def test_a_file_with_another_hash_is_refused(folder):
    path = folder / pendigits.NAME
    path.write_bytes(UNIPEN.replace(b"400", b"401", 1))
    with pytest.raises(DataError, match=f"^{path} is damaged or another file") as error:
        pendigits.load(folder)
    assert_sentence(error.value)
    assert "archive.ics.uci.edu" in str(error.value)
    assert pendigits.SHA256 in str(error.value)


def test_takes_by_index_mask_and_slice():
    traces = pendigits.read_unipen(UNIPEN, "some-file")
    for which, digits in (
        (np.array([2, 1]), [2, 1]),
        (traces.labels > 0, [0, 1]),
        (slice(None, None, 2), [0, 2]),
        (slice(0), []),
    ):
        part = traces.take(which)
        assert len(part) == len(digits)
        assert_same_strokes(part.strokes, [STROKES[digit] for digit in digits])
        np.testing.assert_array_equal(part.labels, traces.labels[digits])
        np.testing.assert_array_equal(part.writers, traces.writers[digits])


def test_of_some_writers():
    traces = pendigits.read_unipen(UNIPEN, "some-file")
    assert_same_strokes(pendigits.of_writers(traces, range(10, 20)).strokes, STROKES[::2])
    assert pendigits.of_writers(traces, [3]).labels.tolist() == [7]
    assert len(pendigits.of_writers(traces, [])) == 0


def test_nobody_both_trains_and_judges():
    assert set(pendigits.TRAINING_WRITERS) | set(pendigits.DEVELOPMENT_WRITERS) == set(range(1, 31))
    assert not set(pendigits.TRAINING_WRITERS) & set(pendigits.DEVELOPMENT_WRITERS)


# Drawn


def test_each_digit_is_drawn_in_so_many_ways():
    drawn = pendigits.render(traces_of(RING, ZIGZAG), copies=3, seed=0)
    assert (drawn.images.shape, drawn.images.dtype) == ((6, 28, 28), np.uint8)
    np.testing.assert_array_equal(drawn.labels, np.uint8([0, 0, 0, 1, 1, 1]), strict=True)
    np.testing.assert_array_equal(drawn.writers, np.int32([7, 7, 7, 8, 8, 8]), strict=True)
    assert len(np.unique(drawn.images, axis=0)) == 6
    # A ring is a ring, whatever it was drawn with: its middle is free.
    middles = drawn.images[:, 11:17, 11:17].mean(axis=(1, 2))
    assert (middles[:3] < 10).all()
    assert (middles[3:] > 30).all()


def test_the_seed_decides():
    traces = traces_of(RING, ZIGZAG)
    images = pendigits.render(traces, 2, seed=1).images
    np.testing.assert_array_equal(pendigits.render(traces, 2, seed=1).images, images)
    assert not np.array_equal(pendigits.render(traces, 2, seed=2).images, images)


def test_a_digit_does_not_depend_on_how_many_others_there_are():
    few = pendigits.render(traces_of(RING, ZIGZAG), 2, seed=0).images
    many = pendigits.render(traces_of(RING, ZIGZAG, RING, RING), 3, seed=0).images
    np.testing.assert_array_equal(many.reshape(4, 3, 28, 28)[:2, :2].reshape(4, 28, 28), few)
    # The same trace at another place, or once more, is drawn in another way.
    assert len(np.unique(many.reshape(4, 3, 28, 28)[[0, 2, 3]].reshape(9, -1), axis=0)) == 9


def test_nothing_is_drawn_of_nothing():
    assert pendigits.render(traces_of(), 4, 0).images.shape == (0, 28, 28)
    assert pendigits.render(traces_of(RING), 0, 0).images.shape == (0, 28, 28)


def test_the_traces_are_left_as_they_were():
    traces = traces_of(RING)
    pendigits.render(traces, 4, 0)
    np.testing.assert_array_equal(traces.strokes[0][0], RING.astype(np.float32))


@pytest.mark.parametrize("stroke", [[(250, 250)], [(3, 3)] * 5, [(0, 7), (400, 7)]])
def test_a_dot_and_a_level_line_are_drawn_too(stroke):
    images = pendigits.render(traces_of(stroke), 20, 0).images
    assert (images.max(axis=(1, 2)) == 255).all()


def sheets_of(stroke, count, **options):
    """What is drawn of a digit before it is cleaned, in so many ways."""
    kept = []

    def keep(sheet):
        kept.append(sheet)
        return np.zeros((28, 28), np.uint8)

    pendigits.render(traces_of(stroke), count, 0, clean=keep, **options)
    return kept


@pytest.fixture(scope="module")
def sheets():
    return sheets_of(RING, 300)


def extent(sheet):
    """First and last row and column with ink, the last one not included."""
    rows, columns = (np.flatnonzero(sheet.any(axis=axis)) for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_sheets_are_of_all_sizes(sheets):
    sides = np.array([sheet.shape for sheet in sheets])
    assert 28 <= sides.min() < 32
    assert 350 < sides.max() <= 420
    assert (sides[:, 0] > sides[:, 1]).mean() == pytest.approx(0.5, abs=0.1)
    assert all(sheet.dtype == np.uint8 for sheet in sheets)


def test_the_digit_lies_anywhere_on_its_sheet_and_all_of_it(sheets):
    places = []
    for sheet in sheets:
        top, bottom, left, right = extent(sheet)
        height, width = sheet.shape
        size = max(bottom - top, right - left)
        assert 15 <= size <= 0.85 * min(height, width) + 2
        assert size >= 0.35 * min(height, width) - 2
        # So much is free above of all that is free.
        places.append((top / (height - (bottom - top)), left / (width - (right - left))))
    np.testing.assert_allclose(np.quantile(places, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.08)


def test_pens_are_of_all_widths_and_some_have_hard_edges(sheets):
    # The area of a ring of this radius is that of its pen going round.
    widths = []
    for sheet in sheets:
        top, bottom, left, right = extent(sheet)
        size = (bottom - top + right - left) / 2
        area = sheet.sum() / 255
        half = (np.pi * size - np.sqrt((np.pi * size) ** 2 - 4 * np.pi * area)) / (2 * np.pi)
        widths.append(half / max(bottom - top, right - left))
    assert np.min(widths) < 0.01
    assert 0.2 < np.max(widths) < 0.3
    # The square of an even draw; if each order of magnitude were as likely, .18.
    large = [min(sheet.shape) > 100 for sheet in sheets]
    assert np.mean(np.array(widths)[large] > pendigits.FATTEST / 2) == pytest.approx(
        1 - 0.5**0.5, abs=0.07
    )
    hard = np.mean([set(np.unique(sheet)) == {0, 255} for sheet in sheets])
    assert hard == pytest.approx(pendigits.ALIASED, abs=0.08)


def test_nothing_is_cut_off():
    for sheet in sheets_of([(250, 250)], 300):
        top, bottom, left, right = extent(sheet)
        assert abs((bottom - top) - (right - left)) <= 1


def test_the_hand_turns_and_slants_the_digit_and_trembles():
    upright = np.stack([np.full(31, 250), np.linspace(100, 500, 31)], axis=1)
    leans, strayed = [], []
    for sheet in sheets_of(upright, 200):
        top, bottom, _, _ = extent(sheet)
        rows = np.arange(top + (bottom - top) // 6, bottom - (bottom - top) // 6)
        columns = sheet[rows] @ np.arange(sheet.shape[1]) / sheet[rows].sum(axis=1)
        lean, offset = np.polyfit(rows, columns, 1)
        leans.append(lean)
        if bottom - top > 100:
            strayed.append(np.std(columns - lean * rows - offset) / (bottom - top))
    assert np.abs(np.mean(leans)) < 0.05
    # 5 degrees and a slant of 0.25, either way, and what bends it.
    assert 0.15 < np.std(leans) < 0.2
    assert np.abs(leans).max() < 0.55
    assert 0.008 < np.mean(strayed) < 0.04


def test_the_hand_widens_or_narrows_the_digit(sheets):
    extents = np.array([extent(sheet) for sheet in sheets if min(sheet.shape) > 60])
    ratios = (extents[:, 3] - extents[:, 2]) / (extents[:, 1] - extents[:, 0])
    assert 1.15 < ratios.max() < 1.4
    assert 1 / 1.5 < ratios.min() < 1 / 1.15


def test_what_is_not_bent_stays_as_it_was_written():
    for sheet in sheets_of([(0, 0), (400, 400)], 50, is_bent=False):
        top, bottom, left, right = extent(sheet)
        assert abs((bottom - top) - (right - left)) <= 1


@pytest.mark.data
def test_the_file_holds_the_digits_of_30_writers(pen_traces):
    assert len(pen_traces) == 7494
    writers, counts = np.unique(pen_traces.writers, return_counts=True)
    assert writers.tolist() == list(range(1, 31))
    assert ((counts >= 247) & (counts <= 250)).all()
    assert np.bincount(pen_traces.labels).min() > 700
    assert set(map(len, pen_traces.strokes)) == {1, 2, 3}
    assert pen_traces.hashes == {pendigits.NAME: pendigits.SHA256}


@pytest.mark.data
def test_pictures_are_as_mnists(pen_traces, mnist_splits):
    """Of the hands that are kept out: upright, in their box, and in the middle by their mass."""
    digits, _ = mnist_splits
    drawn = pendigits.render(pendigits.of_writers(pen_traces, [21]), 1, 0)
    assert len(drawn) == 250
    assert (drawn.images.max(axis=(1, 2)) == 255).all()
    places = np.arange(28)
    for image in drawn.images:
        top, bottom, left, right = extent(image)
        assert max(bottom - top, right - left) == ink.BOX
        assert image.sum(axis=1) @ places / image.sum() == pytest.approx(14, abs=1)
        assert image.sum(axis=0) @ places / image.sum() == pytest.approx(14, abs=1)
    assert drawn.images.mean() == pytest.approx(digits.images.mean(), rel=0.15)
    # Each is nearer to MNIST's mean picture of its digit than to most others', so none is turned.
    means = np.stack([digits.images[digits.labels == digit].mean(axis=0) for digit in range(10)])
    flat = means.reshape(10, -1) / np.linalg.norm(means.reshape(10, -1), axis=1, keepdims=True)
    nearest = (drawn.images.reshape(250, -1) @ flat.T).argmax(axis=1)
    assert np.mean(nearest == drawn.labels) > 0.5
    flipped = (drawn.images[:, ::-1].reshape(250, -1) @ flat.T).argmax(axis=1)
    assert np.mean(flipped == drawn.labels) < np.mean(nearest == drawn.labels) - 0.1
