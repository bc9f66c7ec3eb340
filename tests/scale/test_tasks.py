"""Rows of pictures, as a worker makes them: without Ray."""

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.imaging.decode import encode_png
from inkdigits.imaging.inputs import to_rgba
from inkdigits.imaging.limits import Limits
from inkdigits.numbers import Constraints, recognize_number
from inkdigits.scale.parts import Picture
from inkdigits.scale.tasks import DigitTask, NumberTask, recognizer_settings


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


@pytest.fixture(scope="module")
def pictures(packaged_splits):
    ink = packaged_splits[0].images[:37]
    return [Picture(f"{number:02d}.png", encode_png(255 - each)) for number, each in enumerate(ink)]


@pytest.fixture(scope="module")
def number(packaged_splits):
    """The picture of a number, and its text."""
    digits = packaged_splits[0].take(slice(8, 12))
    return encode_png(255 - np.hstack(list(digits.images))), "".join(map(str, digits.labels))


def test_rows_are_those_of_the_recognizer_to_the_last_bit(recognizer, pictures):
    pictures = [*pictures[:5], Picture("bad.png", b"nothing"), *pictures[5:]]
    rows = list(DigitTask(recognizer).rows(iter(pictures)))
    expected = recognizer.recognize_many([content for _, content in pictures], workers=1)
    assert [row["key"] for row in rows] == [key for key, _ in pictures]
    for row, prediction in zip(rows, expected, strict=True):
        if row["key"] == "bad.png":
            assert (row["reason"], row["error"]) == ("unreadable", str(prediction))
        else:
            assert row["error"] is None
            assert row["probabilities"] == prediction.probabilities
            assert (row["label"], row["digit"]) == (prediction.label, prediction.digit)


def test_each_picture_is_preprocessed_before_the_next_is_taken(recognizer, pictures, monkeypatch):
    taken, preprocessed = [], []

    def decode(*arguments, **options):
        preprocessed.append(len(taken))
        return to_rgba(*arguments, **options)

    monkeypatch.setattr("inkdigits.scale.tasks.to_rgba", decode)

    def taking():
        for picture in pictures:
            taken.append(picture.key)
            yield picture

    assert len(list(DigitTask(recognizer).rows(taking()))) == len(pictures)
    assert preprocessed == list(range(1, len(pictures) + 1))


def test_file_that_cannot_be_read_is_a_row_with_the_cause(recognizer):
    for task in (DigitTask(recognizer), NumberTask(recognizer, Constraints())):
        (row,) = task.rows(iter([Picture("a.png", OSError(5, "Input/output error"))]))
        assert row == {"key": "a.png", "reason": "unreadable", "error": "Input/output error."}
        assert task.outcome(row) == "failed"


def test_too_little_memory_is_a_row_too(recognizer, pictures, monkeypatch):
    def fail(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr("inkdigits.scale.tasks.to_rgba", fail)
    for task in (DigitTask(recognizer), NumberTask(recognizer, Constraints())):
        (row,) = task.rows(iter(pictures[:1]))
        assert "memory" in row["error"]


def test_limits_of_files_hold(recognizer, pictures):
    (row,) = DigitTask(recognizer, Limits(bytes=10)).rows(iter(pictures[:1]))
    assert "more than the 10 allowed" in row["error"]


def test_numbers_are_those_of_recognize_number(recognizer, number):
    content, text = number
    task = NumberTask(recognizer, Constraints(length=4))
    good, blank, bad = task.rows(
        iter(
            [
                Picture("n.png", content),
                Picture("blank.png", encode_png(np.full((40, 90), 255, np.uint8))),
                Picture("bad.png", b"nothing"),
            ]
        )
    )
    expected = recognize_number(content, recognizer, length=4)
    assert (good["text"], good["confidence"]) == (expected.text, expected.confidence)
    assert good["text"] == text
    assert len(good["boxes"]) == 4
    assert good["candidates"][0]["text"] == text
    assert [task.outcome(row) for row in (good, blank, bad)] == ["recognized", "rejected", "failed"]


def test_settings_tell_apart_what_changes_results(recognizer):
    other = Recognizer.load("mlp")
    settings = [
        DigitTask(recognizer).settings(),
        DigitTask(other).settings(),
        DigitTask(recognizer, Limits(bytes=10)).settings(),
        NumberTask(recognizer, Constraints()).settings(),
        NumberTask(recognizer, Constraints(length=3)).settings(),
        NumberTask(recognizer, Constraints(), keep_separators=True).settings(),
    ]
    for place, each in enumerate(settings):
        assert all(each != another for another in settings[:place])


def test_adapted_weights_are_other_settings(recognizer):
    changed = Recognizer.load()
    changed.model.vector.flags.writeable = True
    changed.model.vector[0] += 1
    assert changed.digest == recognizer.digest
    assert recognizer_settings(changed) != recognizer_settings(recognizer)
