"""The CTC loss, compared with the sum over all paths, and its gradient with differences."""

from itertools import groupby, product

import numpy as np
import pytest

from inkdigits.nn.ctc import ctc_loss

STEP = 1e-6


def probability_by_all_paths(logits, target):
    """Sum the probabilities of all paths that spell the target; (W, C)."""
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    total = 0.0
    for path in product(range(logits.shape[1]), repeat=len(logits)):
        if [symbol for symbol, _ in groupby(path) if symbol] == list(target):
            total += np.prod(probabilities[range(len(path)), path])
    return total


@pytest.mark.parametrize("target", [[], [1], [2], [1, 2], [1, 1], [2, 1, 2], [1, 2, 2]], ids=str)
@pytest.mark.parametrize("columns", [4, 6])
def test_loss_is_that_of_all_paths_together(target, columns):
    logits = np.random.default_rng(0).normal(size=(1, columns, 3))
    loss, _ = ctc_loss(logits, [target], np.array([columns]))
    assert loss == pytest.approx(-np.log(probability_by_all_paths(logits[0], target)))


def test_loss_is_the_mean_over_lines_of_any_length():
    logits = np.random.default_rng(1).normal(size=(3, 7, 4))
    targets, lengths = [[1, 3], [2], []], np.array([7, 3, 5])
    loss, _ = ctc_loss(logits, targets, lengths)
    each = [
        -np.log(probability_by_all_paths(line[:length], target))
        for line, target, length in zip(logits, targets, lengths, strict=True)
    ]
    assert loss == pytest.approx(np.mean(each))


def test_gradient_is_that_of_finite_differences():
    logits = np.random.default_rng(2).normal(size=(4, 6, 4))
    targets, lengths = [[1, 1, 2], [3], [], [2, 3, 1]], np.array([6, 2, 4, 3])
    _, backward = ctc_loss(logits, targets, lengths)
    dlogits = backward()
    for index in np.ndindex(logits.shape):
        shifted = logits.copy()
        shifted[index] += STEP
        above, _ = ctc_loss(shifted, targets, lengths)
        shifted[index] -= 2 * STEP
        below, _ = ctc_loss(shifted, targets, lengths)
        assert dlogits[index] == pytest.approx((above - below) / (2 * STEP), abs=1e-6)


def test_padding_changes_nothing():
    logits = np.random.default_rng(3).normal(size=(2, 8, 4))
    targets, lengths = [[1, 2], [3, 3]], np.array([5, 4])
    loss, backward = ctc_loss(logits, targets, lengths)
    logits[:, 5:] = 50 * np.random.default_rng(4).normal(size=logits[:, 5:].shape)
    padded_loss, padded_backward = ctc_loss(logits, targets, lengths)
    assert padded_loss == pytest.approx(loss)
    np.testing.assert_allclose(padded_backward()[:, :5], backward()[:, :5], atol=1e-12)
    assert not padded_backward()[0, 5:].any()
    assert not padded_backward()[1, 4:].any()


def test_float32_stays_float32_and_large_logits_stay_finite():
    logits = 300 * np.random.default_rng(5).normal(size=(2, 40, 12)).astype(np.float32)
    loss, backward = ctc_loss(logits, [[1, 2, 2, 3]] * 2, np.array([40, 40]))
    assert np.isfinite(loss)
    assert backward().dtype == np.float32
    assert np.isfinite(backward()).all()
