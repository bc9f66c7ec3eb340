"""What `inkdigits data` reports on the data sets; tests/data/test_download.py tests downloads."""

import hashlib
import os
import re
import shutil

import pytest
import small_mnist as small
import small_pendigits
import small_semeion
import small_unipen
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.data import mnist, pendigits, semeion, unipen

PENDIGITS = small_pendigits.unipen()
DIGITS = PENDIGITS.count(b".SEGMENT")


@pytest.fixture
def folders(small_mnist, tmp_path, monkeypatch):
    """A folder with the small MNIST, and an empty one; other small data sets are expected."""
    with_mnist, other = tmp_path / "mnist", tmp_path / "drawings"
    with_mnist.mkdir()
    other.mkdir()
    for name in mnist.SOURCES:
        shutil.copy(small_mnist / f"{name}.gz", with_mnist)
    monkeypatch.setattr(mnist, "SOURCES", small.sources_of(with_mnist))
    monkeypatch.setattr(pendigits, "SIZE", len(PENDIGITS))
    monkeypatch.setattr(pendigits, "SHA256", hashlib.sha256(PENDIGITS).hexdigest())
    monkeypatch.setenv("INKDIGITS_DATA", f"{with_mnist}{os.pathsep}{other}")
    return with_mnist, other


def run(*arguments):
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


def test_missing_pendigits_file_is_reported_with_its_source(folders):
    result = run()
    assert result.exit_code == 0, result.output
    note = f"{pendigits.NAME} not found in {folders[0]} and {folders[1]}: get {pendigits.NAME}.Z"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith(note)]
    for part in ("https://archive.ics.uci.edu/dataset/81", "CC BY 4.0", pendigits.SHA256):
        assert part in line
    assert result.stdout.endswith("`inkdigits train` uses what is there.\n")
    assert not re.search(rf"{pendigits.NAME}\W+\d", result.stdout)


def test_pendigits_file_is_verified(folders):
    (folders[1] / pendigits.NAME).write_bytes(PENDIGITS)
    result = run()
    assert result.exit_code == 0, result.output
    assert f"Verified in {folders[0]} and {folders[1]}:\n" in result.stdout
    assert re.search(rf"{pendigits.NAME}\W+{DIGITS}\W+30\b", result.stdout)
    assert f"{pendigits.NAME} not found" not in result.stdout


def test_damaged_pendigits_file_is_an_error(folders):
    path = folders[1] / pendigits.NAME
    path.write_bytes(PENDIGITS[:-1])
    result = run()
    assert result.exit_code == 1
    assert f"{path} is damaged or is a different file" in result.stderr
    assert pendigits.SHA256 in result.stderr


def test_writers_of_mnist_are_counted(folders):
    result = run()
    writers = small.TRAIN // 20
    assert re.search(rf"{mnist.TRAIN_IMAGES}\W+2,000\W+{writers}\b", result.stdout)
    assert re.search(rf"{mnist.TEST_IMAGES}\W+500\W+unknown\b", result.stdout)
    (folders[0] / f"{mnist.TRAIN_WRITERS}.gz").unlink()
    result = run()
    assert re.search(rf"{mnist.TRAIN_IMAGES}\W+2,000\W+unknown\b", result.stdout)
    note = f"The writers of MNIST are unknown without {mnist.TRAIN_WRITERS}.\n"
    assert note in result.stdout


def test_missing_unipen_is_reported_with_its_source_and_both_licenses(folders):
    result = run()
    note = f"{unipen.ARCHIVE} not found in {folders[0]} and {folders[1]}: get {unipen.ARCHIVE}"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith(note)]
    for part in ("https://doi.org/10.5281/zenodo.1195803", "CC BY 4.0", "CDROM-README"):
        assert part in line
    assert f"{unipen.FOLDER}, " not in result.stdout


def test_unipen_is_verified_and_counted_by_use(folders, monkeypatch):
    path = small_unipen.write(folders[1])
    monkeypatch.setattr(unipen, "DIGITS_SHA256", small_unipen.sha256_of(path))
    result = run()
    assert result.exit_code == 0, result.output
    assert f"{unipen.ARCHIVE} not found" not in result.stdout
    for use, digits, writers in (("training", 40, 4), ("development", 40, 4), ("reserved", 20, 2)):
        row = rf"{unipen.FOLDER}, {use}: [\w, ]+\W+{digits}\W+{writers}\b"
        assert re.search(row, result.stdout)


def test_unipen_with_other_digits_is_an_error(folders):
    path = small_unipen.write(folders[1])
    result = run()
    assert result.exit_code == 1
    assert f"{path} is damaged or is a different version" in result.stderr
    assert unipen.DIGITS_SHA256 in result.stderr


def test_missing_semeion_file_is_reported_with_its_source(folders):
    result = run()
    note = f"{semeion.NAME} not found in {folders[0]} and {folders[1]}: get {semeion.NAME}"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith(note)]
    for part in ("https://archive.ics.uci.edu/dataset/178", "CC BY 4.0"):
        assert part in line


def test_semeion_file_is_verified(folders, monkeypatch):
    small_semeion.write(folders[1])
    monkeypatch.setattr(semeion, "DIGITS_SHA256", small_semeion.sha256_of())
    result = run()
    assert result.exit_code == 0, result.output
    assert re.search(rf"{semeion.NAME}\W+40\W+unknown\b", result.stdout)
    assert f"{semeion.NAME} not found" not in result.stdout


def test_damaged_semeion_file_is_an_error(folders):
    path = small_semeion.write(folders[1])
    result = run()
    assert result.exit_code == 1
    assert f"{path} is damaged or is a different file" in result.stderr
    assert semeion.DIGITS_SHA256 in result.stderr


def test_nothing_is_reported_as_missing_when_all_is_there(folders, monkeypatch):
    (folders[1] / pendigits.NAME).write_bytes(PENDIGITS)
    path = small_unipen.write(folders[1])
    small_semeion.write(folders[1])
    monkeypatch.setattr(unipen, "DIGITS_SHA256", small_unipen.sha256_of(path))
    monkeypatch.setattr(semeion, "DIGITS_SHA256", small_semeion.sha256_of())
    result = run()
    assert result.exit_code == 0, result.output
    assert "not found" not in result.stdout
    assert "inkdigits train" not in result.stdout


def test_only_the_named_folder_is_searched(folders, monkeypatch):
    path = folders[1] / pendigits.NAME
    path.write_bytes(PENDIGITS)
    result = run("--data-dir", folders[0])
    assert result.exit_code == 0, result.output
    assert f"{pendigits.NAME} not found in {folders[0]}: get " in result.stdout
    path.rename(folders[0] / pendigits.NAME)
    path.write_bytes(b"damaged")
    monkeypatch.setenv("INKDIGITS_DATA", str(folders[1]))
    result = run("--data-dir", folders[0])
    assert result.exit_code == 0, result.output
    assert re.search(rf"{pendigits.NAME}\W+{DIGITS}\b", result.stdout)
