"""Scores by source and by writer, and the pictures of the worst writers."""

import contact_sheet
import numpy as np
import pytest
import writers
from evaluation_data import (
    MADE,
    PENDIGITS,
    UNIPEN,
    DevelopmentSet,
    development_sets,
    mean_over_writers,
)

from inkdigits import Recognizer
from inkdigits.evaluation import Predictions, predict


def predictions(digits, rejected, confidence=1.0):
    """Predict these digits with the same confidence."""
    others = (1 - confidence) / 9
    return Predictions(
        probabilities=np.where(np.eye(10)[digits] == 1, confidence, others),
        rejected=np.array(rejected, bool),
    )


def a_set(labels, names, copies=1):
    """Digits with these labels and writers; the pixels of each are its number."""
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    return DevelopmentSet(list(images[:, None]), np.array(labels), np.array(names), copies)


def test_rejected_digit_is_right_but_not_answered():
    digits = a_set([1, 1, 1, 0], ["a", "a", "b", "b"])
    batch = predictions([1, 7, 1, 0], [False, False, True, False], confidence=0.91)
    figures = writers.score(batch, digits)
    assert (figures["answered"], figures["right"], figures["rejected"]) == (0.5, 0.75, 0.25)
    assert figures["errors"] == {"1 -> 7": 1, "1 -> none": 1}
    assert figures["log_loss"] == pytest.approx(-(3 * np.log(0.91) + np.log(0.01)) / 4)
    assert figures["by_writer"]["mean"] == 0.5


def test_rejected_error_is_counted_once():
    figures = writers.score(predictions([7], [True]), a_set([1], ["a"]))
    assert figures["errors"] == {"1 -> none": 1}


def test_writers_of_few_digits_are_not_the_worst():
    # Two images of each digit: 19, 20 and 50 digits.
    names = np.repeat(["few", "some", "many"], [38, 40, 100])
    predicted, rejected = np.full(178, 5), np.zeros(178, bool)
    predicted[:38] = predicted[38:48] = 6
    rejected[38:48] = rejected[78:83] = True
    figures = writers.score(predictions(predicted, rejected), a_set(np.full(178, 5), names, 2))
    by_writer = figures["by_writer"]
    assert by_writer["writers"] == 3
    assert by_writer["mean"] == pytest.approx((0 + 0.75 + 0.95) / 3)
    assert [worst["writer"] for worst in by_writer["worst"]] == ["some", "many"]
    assert by_writer["worst"][0]["accuracy"] == 0.75
    assert by_writer["max_rejected"] == pytest.approx(0.05)  # by the only one with 50 digits


def test_digits_of_nobody_have_no_figures_by_writer():
    figures = writers.score(
        predictions([5], [False]),
        DevelopmentSet([np.zeros((1, 28, 28), np.uint8)], np.array([5]), None),
    )
    assert figures["by_writer"] is None


def test_scores_are_averaged_over_the_images_of_all_writers_but_mnists():
    scores = {PENDIGITS: 0.02, UNIPEN["gmd"]: 0.1, "MNIST validation": 9.0}
    images = {PENDIGITS: 300, UNIPEN["gmd"]: 100, "MNIST validation": 100}
    assert mean_over_writers(scores, images) == pytest.approx(0.04)
    assert mean_over_writers({"MNIST validation": 9.0}, images) is None


def test_worst_writers_are_shown_with_their_errors_first():
    names = np.repeat(["good", "bad"], 20)
    predicted, rejected = np.full(40, 5), np.zeros(40, bool)
    predicted[25], rejected[30] = 6, True
    rows = writers.rows_of_worst_writers(
        predictions(predicted, rejected), a_set(np.full(40, 5), names)
    )
    assert [row.title.split(":")[0] for row in rows] == ["writer bad", "writer good"]
    assert rows[0].captions[:3] == ["5 -> 6", "5 -> none", "5"]
    assert rows[0].images[:3, 0, 0].tolist() == [25, 30, 20]
    assert set(rows[1].captions) == {"5"}


def test_contact_sheet_shows_dark_digits_on_white():
    image = np.zeros((28, 28), np.uint8)
    image[10, 20] = 255
    rows = [contact_sheet.Row("one", image[None], ["1"])] * 2
    sheet = np.asarray(contact_sheet.draw(rows))
    height = len(sheet) // 2
    tile = sheet[contact_sheet.TITLE_PX :, : 2 * 28][: 2 * 28]
    assert np.argwhere(tile == 0).tolist() == [[20, 40], [20, 41], [21, 40], [21, 41]]
    assert np.array_equal(sheet[:height], sheet[height:])
    assert (sheet == 255).mean() > 0.9


@pytest.mark.data
@pytest.mark.usefixtures("data_folders")
def test_development_sets_are_of_people_who_are_not_trained_on():
    sets = development_sets()
    assert list(sets) == [PENDIGITS, *UNIPEN.values(), "MNIST validation", *MADE]
    recognizer = Recognizer.load()
    for name, digits in sets.items():
        assert digits.images.shape == (len(digits.labels), 28, 28)
        figures = writers.score(predict(recognizer, digits.candidates), digits)
        assert figures["right"] > (0.5 if name in MADE else 0.9)  # chance is 0.1
    other = development_sets(seed=1)["MNIST validation"]
    assert set(other.writers) != set(sets["MNIST validation"].writers)
