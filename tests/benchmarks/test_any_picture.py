"""The benchmark counts what a model makes of the pictures, and draws the misread ones."""

import any_picture
import pytest
from picture_kinds import pictures
from picture_sheet import CAPTION, COLUMNS, TILE
from PIL import Image

from inkdigits import Recognizer


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


@pytest.mark.parametrize(
    ("file", "result"), [(b"GIF89a", "refused"), (b"", "refused")], ids=["cut off", "empty"]
)
def test_file_that_cannot_be_decoded_is_refused(recognizer, file, result):
    assert any_picture.outcome(recognizer, 1, file)[0] == result


def test_outcome_depends_on_the_label(recognizer, digits):
    label, file = next(pictures("leaning", digits, 1))
    right = any_picture.outcome(recognizer, label, file)
    wrong = any_picture.outcome(recognizer, (label + 1) % 10, file)
    assert (right[0], wrong[0]) == ("right", "wrong")
    assert right[1:] == wrong[1:]
    assert right[1] == str(label)
    assert 0.5 < right[2] <= 1


def test_shares_add_up_and_the_others_are_kept(recognizer, digits):
    examples = [*pictures("leaning", digits, 8), (3, b"GIF89a"), (5, b"")]
    wrong = [((label + 1) % 10, file) for label, file in examples[:4]]
    figures, misread = any_picture.measure(recognizer, [*wrong, *examples], 0.9)
    assert figures["pictures"] == 14
    assert figures["aim"] == 0.9
    shares = [figures[outcome] for outcome in any_picture.OUTCOMES]
    assert sum(shares) == pytest.approx(1)
    assert figures["refused"] == pytest.approx(2 / 14)
    assert 0 < figures["wrong above 0.95"] <= figures["wrong"]
    assert len(misread) == sum(figures["answers"].values()) == round(14 * (1 - figures["right"]))
    assert misread[:3] == [(label, str((label - 1) % 10), file) for label, file in wrong[:3]]


def test_contact_sheet_has_the_misread_pictures_up_to_a_limit(digits, tmp_path):
    misread = [(label, "8", file) for label, file in pictures("leaning", digits, 18)]
    any_picture.draw_misread({"leaning": misread * 5, "none": []}, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        lines = any_picture.MOST_SHOWN / COLUMNS
        assert sheet.size == (COLUMNS * TILE, lines * (TILE + 2 * CAPTION))
