"""Metrics against values computed by hand."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from inkdigits.metrics import (
    McNemar,
    WriterAccuracy,
    mcnemar,
    measure,
    measure_by_writer,
    rank_writers,
    risk_coverage,
    wilson_interval,
)

PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1],
        [0.1, 0.8, 0.1],
        [0.5, 0.4, 0.1],  # wrong: it is 1
        [0.0, 0.1, 0.9],
    ]
)
LABELS = np.array([0, 1, 1, 2])


def test_counts_and_rates_match_those_computed_by_hand():
    metrics = measure(PROBABILITIES, LABELS)
    assert (metrics.total, metrics.correct, metrics.accuracy) == (4, 3, 0.75)
    assert metrics.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert metrics.precision == (0.5, 1.0, 1.0)
    assert metrics.recall == (1.0, 0.5, 1.0)


def test_log_loss_and_brier_score_match_those_computed_by_hand():
    metrics = measure(PROBABILITIES, LABELS)
    expected = -(math.log(0.7) + math.log(0.8) + math.log(0.4) + math.log(0.9)) / 4
    assert metrics.log_loss == pytest.approx(expected)
    squares = [0.09 + 0.04 + 0.01, 0.01 + 0.04 + 0.01, 0.25 + 0.36 + 0.01, 0.01 + 0.01]
    assert metrics.brier == pytest.approx(sum(squares) / 4)


def test_calibration_error_and_bins_match_those_computed_by_hand():
    metrics = measure(PROBABILITIES, LABELS)
    # Each prediction is alone in its bin: |0.7-1|, |0.8-1|, |0.5-0|, |0.9-1|.
    assert metrics.calibration_error == pytest.approx((0.3 + 0.2 + 0.5 + 0.1) / 4)
    assert sum(bin.count for bin in metrics.bins) == 4
    assert all(bin.low <= bin.confidence <= bin.high for bin in metrics.bins)


def test_confidence_of_one_is_in_the_last_bin():
    (only,) = measure(np.array([[1.0, 0.0]]), np.array([0])).bins
    assert (only.high, only.count, only.accuracy) == (1.0, 1, 1.0)


def test_log_loss_of_probability_zero_is_finite():
    assert 20 < measure(np.array([[1.0, 0.0]]), np.array([1])).log_loss < 50


def test_precision_and_recall_of_a_missing_class_are_zero():
    metrics = measure(np.array([[1.0, 0.0]]), np.array([0]))
    assert metrics.precision == (1.0, 0.0)
    assert metrics.recall == (1.0, 0.0)


def test_wilson_interval_matches_the_textbook_example():
    # 8 of 10, z = 1.96.
    low, high = wilson_interval(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert wilson_interval(10, 10)[1] == 1.0
    assert wilson_interval(0, 10)[0] == 0.0


@pytest.mark.parametrize("labels", [np.zeros(0, int), np.zeros(3, int)])
def test_predictions_and_labels_must_have_the_same_length(labels):
    with pytest.raises(ValueError, match="predictions do not fit"):
        measure(PROBABILITIES[: 0 if len(labels) == 0 else 4], labels)


def test_each_writer_has_the_same_weight():
    right = np.array([True] * 90 + [False] * 10 + [True, False])
    writers = np.array([7] * 100 + [3] * 2)
    by_writer = measure_by_writer(right, writers)
    assert by_writer.writers == {3: 0.5, 7: 0.9}
    assert by_writer.mean == pytest.approx(0.7)
    assert by_writer.worst == 0.5
    # A quarter of the samples have one writer twice, and a quarter the other.
    assert by_writer.interval == (0.5, 0.9)


def test_interval_of_writers_contains_the_true_mean_in_95_percent():
    rng = np.random.default_rng(0)
    writers = np.arange(30).repeat(50)
    contained = 0
    for _ in range(100):
        skill = rng.beta(20, 2, 30)  # of mean 20 / 22
        low, high = measure_by_writer(rng.random(1500) < skill[writers], writers).interval
        contained += low <= 20 / 22 <= high
    assert 86 <= contained <= 100


def test_accuracy_by_writer_needs_a_writer():
    with pytest.raises(ValueError, match="there are no writers"):
        measure_by_writer(np.empty(0, bool), np.empty(0, int))


def test_writers_are_ranked_by_accuracy_lowest_first_without_those_of_few_digits():
    right = np.array([True, False, False, True, True, True, False, True, True])
    writers = np.array(["b", "b", "few", "c", "c", "c", "c", "a", "a"])
    ranked = rank_writers(right, writers, min_digits=2)
    assert ranked == (
        WriterAccuracy("b", 2, 0.5),
        WriterAccuracy("c", 4, 0.75),
        WriterAccuracy("a", 2, 1.0),
    )
    assert rank_writers(right, writers)[0] == WriterAccuracy("few", 1, 0.0)


def test_writers_keep_the_numbers_that_their_data_set_gives_them():
    (only,) = rank_writers(np.array([True, False]), np.array([2145, 2145], np.int32))
    assert (only, type(only.writer)) == (WriterAccuracy(2145, 2, 0.5), int)


def test_risk_coverage_counts_accepted_and_wrong_predictions_by_threshold():
    confidence = np.array([1.0, 0.9, 0.8, 0.6, 0.5])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.array([0, 0, 1, 0, 1])
    rows = {
        row.threshold: (row.accepted, row.wrong) for row in risk_coverage(probabilities, labels)
    }
    assert rows[0.0] == rows[0.5] == (5, 2)
    assert rows[0.8] == (3, 1)
    assert rows[0.9] == (2, 0)
    assert rows[0.999] == (1, 0)


# McNemar's test


def right(*, both=0, first=0, second=0, neither=0):
    """Whether two models are right, with these numbers of examples of each kind."""
    counts = (both, first, second, neither)
    of_first = np.repeat([True, True, False, False], counts)
    of_second = np.repeat([True, False, True, False], counts)
    return of_first, of_second


@pytest.mark.parametrize(
    ("first", "second", "p_value"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),  # 2 * 1 / 2
        (5, 0, 0.0625),  # 2 * 1 / 32
        (1, 6, 0.125),  # 2 * (1 + 7) / 128
        (10, 2, 0.03857421875),  # 2 * (1 + 12 + 66) / 4096
        (3, 3, 1.0),  # 2 * (1 + 6 + 15 + 20) / 64 is more than 1
    ],
)
def test_mcnemar_matches_values_computed_by_hand(first, second, p_value):
    test = mcnemar(*right(both=90, first=first, second=second, neither=7))
    assert test == McNemar(first, second, p_value)
    assert mcnemar(*right(second=first, first=second)).p_value == p_value


@pytest.mark.parametrize(("first", "second"), [(25, 31), (480, 611), (2500, 2600), (9000, 1000)])
def test_mcnemar_is_exact_for_many_images(first, second):
    expected = binomtest(first, first + second).pvalue
    assert mcnemar(*right(first=first, second=second)).p_value == pytest.approx(expected, rel=1e-9)


def test_mcnemar_needs_the_same_images():
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        mcnemar(np.ones(2, bool), np.ones(3, bool))
