"""The benchmark of simulated drawings counts by condition and style, and what people can read."""

from dataclasses import replace

import drawings as benchmark
import numpy as np
import pytest
from drawing_simulator import drawings
from picture_sheet import CAPTION, COLUMNS, TILE
from PIL import Image

from inkdigits import Recognizer

COUNT = 20


@pytest.fixture(scope="module")
def recognizers():
    return [Recognizer.load(), Recognizer.load("classic")]


@pytest.fixture
def examples(digits):
    """Digits of which the first five have wrong labels, so that some are misread."""
    few = digits.take(slice(COUNT))
    return replace(few, labels=(few.labels + (np.arange(COUNT) < 5)) % 10)


@pytest.fixture
def measured(recognizers, examples, monkeypatch):
    monkeypatch.setattr(benchmark, "accuracy_on_8x8", lambda recognizer: {})
    return benchmark.measure(recognizers, examples, COUNT, unreadable=[0, 1, 2, 3, 5000])


def test_accuracy_is_that_of_the_recognizer(recognizers, measured, examples):
    for recognizer, record in zip(recognizers, measured[0], strict=True):
        right = [
            recognizer.recognize(drawing.file).digit == drawing.label
            for drawing in drawings(examples, COUNT)
        ]
        assert record["accuracy"]["simulated drawings"] == pytest.approx(np.mean(right))
        assert record["readable"]["drawings"] == COUNT - 4
        assert record["readable"]["accuracy"] == pytest.approx(np.mean(right[4:]))
        strokes = record["by_condition"]["strokes"]
        assert {style: level["drawings"] for style, level in strokes.items()} == {
            "traced": COUNT,
            "boxy": COUNT // 5,
            "dotted": COUNT // 5,
        }
        assert strokes["traced"]["accuracy"] == record["accuracy"]["simulated drawings"]
        assert sum(level["drawings"] for level in record["by_condition"]["file"].values()) == COUNT


def test_misread_drawings_have_all_answers_and_are_drawn(recognizers, measured, examples, tmp_path):
    _, misread = measured
    assert 3 < len(misread) < COUNT
    for number, drawing in enumerate(drawings(examples, COUNT)):
        answers = [recognizer.recognize(drawing.file).digit for recognizer in recognizers]
        expected = ", ".join("-" if answer is None else str(answer) for answer in answers)
        assert misread.get(number) == (expected if answers != [drawing.label] * 2 else None)
    benchmark.draw_misread(misread, examples, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        lines = -(-3 * len(misread) // COLUMNS)
        assert sheet.size == (COLUMNS * TILE, lines * (TILE + 2 * CAPTION))


def test_unreadable_drawings_are_known_for_the_usual_validation_digits(recognizers):
    unreadable = benchmark.unreadable_drawings("validation", recognizers[0])
    assert len(unreadable) == len(set(unreadable)) > 10
    assert unreadable == sorted(unreadable)
    assert max(unreadable) < 2000
    assert benchmark.unreadable_drawings("test", recognizers[0]) == []


def test_unreadable_drawings_of_other_digits_are_unknown(recognizers, monkeypatch):
    monkeypatch.setattr(benchmark, "validation_split", lambda recognizer: (1, 0.1))
    assert benchmark.unreadable_drawings("validation", recognizers[0]) == []
