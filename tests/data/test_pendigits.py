"""Pendigits: parsed strictly, and loaded from where it is found."""

import gzip
import hashlib
import os

import numpy as np
import pytest
from sentences import assert_sentence

from inkdigits.data import pendigits
from inkdigits.data.folders import DataError

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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the file above, which inkdigits accepts as the real one."""
    (tmp_path / pendigits.NAME).write_bytes(UNIPEN)
    monkeypatch.setattr(pendigits, "SIZE", len(UNIPEN))
    monkeypatch.setattr(pendigits, "SHA256", hashlib.sha256(UNIPEN).hexdigest())
    return tmp_path


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


def test_mislabeled_digits_are_left_out_unless_asked_for(folder, monkeypatch):
    monkeypatch.setattr(pendigits, "MISLABELED", (1,))
    assert_same_strokes(pendigits.load(folder).strokes, STROKES[::2])
    assert pendigits.load(folder).labels.tolist() == [1, 0]
    assert_same_strokes(pendigits.load(folder, with_mislabeled=True).strokes, STROKES)


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


@pytest.mark.data
def test_file_has_the_digits_of_30_writers(pen_traces, data_folders):
    assert len(pen_traces) == 7492
    everything = pendigits.load(with_mislabeled=True)
    assert len(everything) == 7494
    mislabeled = everything.take(list(pendigits.MISLABELED))
    assert (mislabeled.labels.tolist(), mislabeled.writers.tolist()) == ([3, 6], [30, 24])
    writers, counts = np.unique(pen_traces.writers, return_counts=True)
    assert writers.tolist() == list(range(1, 31))
    assert ((counts >= 247) & (counts <= 250)).all()
    assert np.bincount(pen_traces.labels).min() > 700
    assert set(map(len, pen_traces.strokes)) == {1, 2, 3}
    assert pen_traces.hashes == {pendigits.NAME: pendigits.SHA256}
