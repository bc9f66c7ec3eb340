"""Semeion: parsed strictly, whichever way its numbers are written, and preprocessed like ink."""

import gzip

import numpy as np
import pytest
import small_semeion
from sentences import assert_sentence

from inkdigits.data import semeion
from inkdigits.data.folders import DataError
from inkdigits.preprocessing import ink

SCANS, LABELS = small_semeion.scans()
CONTENT = small_semeion.semeion_file(SCANS, LABELS)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the small data set, which inkdigits accepts as the real one."""
    small_semeion.write(tmp_path)
    monkeypatch.setattr(semeion, "DIGITS_SHA256", small_semeion.sha256_of())
    return tmp_path


@pytest.mark.parametrize("pattern", ["{:.4f} ", "{:.0f} ", "{:.1f}\t"])
def test_parses_scans_and_labels(pattern):
    content = small_semeion.semeion_file(SCANS, LABELS, pattern)
    scans, labels = semeion.read_scans(content, "some-file")
    np.testing.assert_array_equal(scans, SCANS, strict=True)
    np.testing.assert_array_equal(labels, LABELS, strict=True)


@pytest.mark.parametrize(
    ("valid", "damaged", "message"),
    [
        (b"0.0000 ", b"", "266 columns of 0 and 1"),
        (b"0.0000 ", b"0.0000 0.0000 ", "266 columns of 0 and 1"),
        (b"0.0000 ", b"0.5000 ", "266 columns of 0 and 1"),
        (b"0.0000 ", b"-1 ", "266 columns of 0 and 1"),
        (b"0.0000 ", b"nan ", "266 columns of 0 and 1"),
        (b"0.0000 ", b"x ", "266 columns of 0 and 1"),
        (b"\n", b"\n\n", "266 columns of 0 and 1"),
        (b"0.0000 \n", b"1.0000 \n", "without a label, or with several"),
        (b"1.0000 0.0000 0.0000 \n", b"0.0000 0.0000 0.0000 \n", "without a label"),
    ],
)
def test_damaged_line_is_an_error(valid, damaged, message):
    assert valid in CONTENT
    with pytest.raises(DataError, match=rf"^some-file .*{message}") as error:
        semeion.read_scans(CONTENT.replace(valid, damaged, 1), "some-file")
    assert_sentence(error.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"0 1\n", b"\x1f\x8b", CONTENT[:-20]])
def test_another_format_is_an_error(content):
    with pytest.raises(DataError, match=r"^some-file does not have 266 columns of 0 and 1\.$"):
        semeion.read_scans(content, "some-file")


@pytest.mark.parametrize("compressed", [False, True])
def test_loads_preprocessed_ink(compressed, folder):
    if compressed:
        (folder / semeion.NAME).unlink()
        (folder / f"{semeion.NAME}.gz").write_bytes(gzip.compress(CONTENT))
    digits = semeion.load(folder)
    assert (digits.images.shape, digits.images.dtype) == ((len(SCANS), 28, 28), np.uint8)
    for image, scan in zip(digits.images, SCANS, strict=True):
        np.testing.assert_array_equal(image, ink.from_ink(scan))
    np.testing.assert_array_equal(digits.labels, LABELS, strict=True)
    assert digits.writers is None
    assert digits.hashes == {semeion.NAME: small_semeion.sha256_of()}


def test_preprocessing_can_be_chosen(folder):
    digits = semeion.load(folder, preprocess=lambda scan: np.pad(scan, 6))
    np.testing.assert_array_equal(digits.images[:, 6:-6, 6:-6], SCANS)


def test_error_for_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(DataError) as error:
        semeion.load(tmp_path)
    assert_sentence(error.value)
    for part in (f"{semeion.NAME} not found in {tmp_path}: get ", "dataset/178", "CC BY 4.0"):
        assert part in str(error.value)


def test_file_with_other_digits_is_rejected(folder):
    path = folder / semeion.NAME
    other = SCANS.copy()
    other[0, 0, 0] = 255 - other[0, 0, 0]
    path.write_bytes(small_semeion.semeion_file(other, LABELS))
    with pytest.raises(DataError, match=f"^{path} is damaged or is a different file") as error:
        semeion.load(folder)
    assert_sentence(error.value)
    assert semeion.DIGITS_SHA256 in str(error.value)
    path.write_bytes(small_semeion.semeion_file(SCANS, (LABELS + 1) % 10))
    with pytest.raises(DataError, match="different file"):
        semeion.load(folder)


@pytest.mark.data
def test_file_has_1593_digits_in_order_of_their_class(data_folders):
    digits = semeion.load()
    assert len(digits) == 1593
    assert np.bincount(digits.labels).tolist() == [161, 162, 159, 159, 161, 159, 161, 158, 155, 158]
    assert digits.labels[:40].tolist() == 20 * [0] + 20 * [1]
    assert (digits.images.max(axis=(1, 2)) == 255).all()
    # A 0 is empty in the middle, and a 1 is not.
    middles = digits.images[:, 12:16, 12:16].mean(axis=(1, 2))
    assert np.median(middles[digits.labels == 0]) < 20
    assert np.median(middles[digits.labels == 1]) > 100
