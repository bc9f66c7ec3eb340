"""What `inkdigits data` reports about Pendigits; tests/data/test_download.py tests downloads."""

import hashlib
import os
import re
import shutil

import pytest
import small_mnist as small
import small_pendigits
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.data import mnist, pendigits

UNIPEN = small_pendigits.unipen()
DIGITS = UNIPEN.count(b".SEGMENT")


@pytest.fixture
def folders(small_mnist, tmp_path, monkeypatch):
    """A folder with the small MNIST, and an empty one; a small Pendigits file is expected."""
    with_mnist, other = tmp_path / "mnist", tmp_path / "pendigits"
    with_mnist.mkdir()
    other.mkdir()
    for name in mnist.SOURCES:
        shutil.copy(small_mnist / f"{name}.gz", with_mnist)
    monkeypatch.setattr(mnist, "SOURCES", small.sources_of(with_mnist))
    monkeypatch.setattr(pendigits, "SIZE", len(UNIPEN))
    monkeypatch.setattr(pendigits, "SHA256", hashlib.sha256(UNIPEN).hexdigest())
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
    assert "Without this file, `inkdigits train` uses MNIST alone.\n" in result.stdout
    assert not re.search(rf"{pendigits.NAME}\W+\d", result.stdout)


def test_pendigits_file_is_verified(folders):
    (folders[1] / pendigits.NAME).write_bytes(UNIPEN)
    result = run()
    assert result.exit_code == 0, result.output
    assert f"Verified in {folders[0]} and {folders[1]}:\n" in result.stdout
    assert re.search(rf"{pendigits.NAME}\W+{DIGITS}\b", result.stdout)
    assert "not found" not in result.stdout


def test_damaged_pendigits_file_is_an_error(folders):
    path = folders[1] / pendigits.NAME
    path.write_bytes(UNIPEN[:-1])
    result = run()
    assert result.exit_code == 1
    assert f"{path} is damaged or is a different file" in result.stderr
    assert pendigits.SHA256 in result.stderr


def test_only_the_named_folder_is_searched(folders, monkeypatch):
    path = folders[1] / pendigits.NAME
    path.write_bytes(UNIPEN)
    result = run("--data-dir", folders[0])
    assert result.exit_code == 0, result.output
    assert f"{pendigits.NAME} not found in {folders[0]}: get " in result.stdout
    path.rename(folders[0] / pendigits.NAME)
    path.write_bytes(b"damaged")
    monkeypatch.setenv("INKDIGITS_DATA", str(folders[1]))
    result = run("--data-dir", folders[0])
    assert result.exit_code == 0, result.output
    assert re.search(rf"{pendigits.NAME}\W+{DIGITS}\b", result.stdout)
