"""Accuracy on writers who are not trained on, by source."""

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.calibration import HeldOut
from inkdigits.data import development
from inkdigits.evaluation import (
    Predictions,
    evaluate_writers,
    measure_held_out,
    measure_writers,
    predict,
    summarize,
)
from inkdigits.metrics import WriterAccuracy
from inkdigits.preprocessing import network_input


def predictions(digits, rejected):
    """Predictions that are sure of these digits."""
    return Predictions(probabilities=np.eye(10)[digits], rejected=np.array(rejected))


def test_candidate_that_looks_most_like_a_digit_is_predicted(digits):
    recognizer = Recognizer.load()
    image = recognizer.preprocess_mnist(digits.images[:1])
    noise = np.random.default_rng(0).integers(0, 256, image.shape, np.uint8)
    one, both, only_noise = predict(
        recognizer, [image, np.concatenate([noise, image]), noise]
    ).probabilities
    np.testing.assert_allclose(both, one, atol=1e-6)
    assert np.abs(only_noise - one).max() > 0.1
    assert predict(recognizer, [image, noise]).rejected.tolist() == [False, True]


def test_digit_is_answered_if_it_is_accepted_and_right():
    batch = predictions([3, 3, 3, 3], [False, True, False, True])
    metrics = measure_writers(batch, np.array([3, 3, 5, 5]), np.array(["a", "a", "b", "b"]))
    assert (metrics.total, metrics.answered, metrics.rejected) == (4, 1, 2)
    assert metrics.by_writer.writers == {"a": 1.0, "b": 0.0}


def test_held_out_digits_are_predicted_as_if_preprocessed_now(digits):
    recognizer, few = Recognizer.load(), digits.take(slice(60))
    images = recognizer.preprocess_mnist(few.images)
    writers = np.arange(60) // 20
    held_out = HeldOut(network_input(images), few.labels, writers)
    expected = measure_writers(predict(recognizer, list(images[:, None])), few.labels, writers)
    assert measure_held_out(recognizer, held_out) == expected
    assert measure_held_out(recognizer, held_out._replace(writers=None)) is None


def test_held_out_digit_is_measured_by_its_best_candidate(digits):
    recognizer, few = Recognizer.load(), digits.take(slice(30))
    images = recognizer.preprocess_mnist(few.images)
    noise = np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)
    writers = np.zeros(30, int)

    def measured(*candidates):
        x = network_input(np.stack(candidates, axis=1).reshape(-1, 28, 28))
        counts = np.full(30, len(candidates))
        return measure_held_out(recognizer, HeldOut(x, few.labels, writers, counts))

    assert measured(noise).answered == 0
    assert measured(noise, images).answered == measured(noise, noise, images).answered > 25
    held_out = HeldOut(network_input(images), few.labels, writers)
    assert measured(images) == measure_held_out(recognizer, held_out)


def test_worst_writers_come_first_without_those_of_few_digits():
    writers = np.repeat([1, 2, 3], [19, 20, 40])
    right, rejected = np.ones(79, bool), np.zeros(79, bool)
    right[:10] = right[19:24] = right[39:44] = False
    rejected[20:29] = True
    metrics = measure_writers(predictions(np.where(right, 3, 4), rejected), np.full(79, 3), writers)
    assert metrics.worst_writers == (WriterAccuracy(2, 20, 0.5), WriterAccuracy(3, 40, 0.875))
    assert metrics.by_writer.writers[2] == 0.75
    assert summarize({"them": metrics, "few": measure_writers(
        predictions([3, 4, 3, 3], [True, False, False, False]), np.full(4, 3), np.arange(4)
    )}) == {
        "them": {
            "writers": 3, "digits": 79, "answered": 54 / 79, "rejected": 9 / 79,
            "worst_writer": 0.5,
        },
        "few": {
            "writers": 4, "digits": 4, "answered": 0.5, "rejected": 0.25, "worst_writer": None,
        },
    }  # fmt: skip


@pytest.mark.data
@pytest.mark.usefixtures("data_folders")
def test_development_writers_are_recognized_with_the_accuracy_that_is_published():
    sources = evaluate_writers(Recognizer.load())
    assert tuple(sources) == development.SOURCES
    pen_writers = sources[development.PENDIGITS]
    assert set(pen_writers.by_writer.writers) == set(range(21, 31))
    assert pen_writers.total == 2496  # without two mislabeled digits
    assert pen_writers.by_writer.mean > 0.985
    assert pen_writers.rejected < 0.01 * pen_writers.total


def test_without_any_file_no_source_is_evaluated(tmp_path):
    assert evaluate_writers(Recognizer.load("mlp"), tmp_path) == {}
