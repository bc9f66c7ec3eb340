"""The default model recognizes drawings made under many different conditions."""

from pathlib import Path

import pytest

from inkdigits import Recognizer

FILES = sorted(
    path
    for path in (Path(__file__).parent / "golden/drawings").iterdir()
    if path.suffix in (".png", ".jpg")
)


@pytest.fixture(scope="module")
def recognizer():
    """The default model."""
    return Recognizer.load()


def test_there_are_four_drawings_of_each_digit():
    assert sorted(int(path.name[0]) for path in FILES) == sorted([*range(10)] * 4)
    assert sum(path.stat().st_size for path in FILES) < 150_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_drawing_is_recognized(recognizer, path):
    assert recognizer.recognize(path.read_bytes()).digit == int(path.name[0])
