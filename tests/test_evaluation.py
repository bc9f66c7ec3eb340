"""Accuracy on writers who are not trained on, by source."""

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.data import development
from inkdigits.evaluation import evaluate_writers, measure_writers
from inkdigits.metrics import WriterAccuracy
from inkdigits.recognizer import BatchPrediction


def predictions(digits, rejected):
    """Predictions that are sure of these digits."""
    return BatchPrediction(
        probabilities=np.eye(10)[digits],
        rejection_scores=np.zeros(len(digits)),
        rejected=np.array(rejected),
    )


def test_digit_is_answered_if_it_is_accepted_and_right():
    batch = predictions([3, 3, 3, 3], [False, True, False, True])
    metrics = measure_writers(batch, np.array([3, 3, 5, 5]), np.array(["a", "a", "b", "b"]))
    assert (metrics.total, metrics.answered, metrics.rejected) == (4, 1, 2)
    assert metrics.by_writer.writers == {"a": 1.0, "b": 0.0}


def test_least_accurate_writers_come_first_without_those_of_few_digits():
    writers = np.repeat([1, 2, 3], [19, 20, 40])
    right = np.ones(len(writers), bool)
    right[:10] = right[19:29] = right[39:44] = False
    batch = predictions(np.where(right, 3, 4), np.zeros(len(right), bool))
    metrics = measure_writers(batch, np.full(len(right), 3), writers)
    assert metrics.least_accurate == (WriterAccuracy(2, 20, 0.5), WriterAccuracy(3, 40, 0.875))


@pytest.mark.data
@pytest.mark.usefixtures("data_folders")
def test_development_writers_are_recognized_with_the_accuracy_that_is_published():
    sources = evaluate_writers(Recognizer.load())
    assert tuple(sources) == development.SOURCES
    pen_writers = sources[development.PENDIGITS]
    assert set(pen_writers.by_writer.writers) == set(range(21, 31))
    assert pen_writers.total == 2498
    assert pen_writers.by_writer.mean > 0.985
    assert pen_writers.rejected < 0.01 * pen_writers.total


def test_without_any_file_no_source_is_evaluated(tmp_path):
    assert evaluate_writers(Recognizer.load("mlp"), tmp_path) == {}
