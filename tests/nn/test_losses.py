"""The targets, softmax, and the loss with its gradient."""

from math import exp, log

import numpy as np
import pytest
from test_layers import numerical_gradient

from inkdigits.nn.losses import (
    LabelSmoothing,
    SoftTargets,
    one_hot,
    softmax,
    softmax_cross_entropy,
)

LABELS = np.array([3, 0, 9, 3])
TARGETS = {
    "one-hot": LabelSmoothing(0.0)(10),
    "label smoothing": LabelSmoothing(0.1)(10),
    "soft targets": SoftTargets()(10),
}
each_target = pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS.keys())


def some_logits(dtype=np.float32):
    return (3 * np.random.default_rng(0).standard_normal((len(LABELS), 10))).astype(dtype)


def test_one_hot_targets():
    for targets in (one_hot(3), LabelSmoothing(0.0)(3)):
        np.testing.assert_array_equal(targets, [[1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_label_smoothing_spreads_its_share_over_all_classes():
    expected = [[0.85, 0.05, 0.05, 0.05], [0.05, 0.85, 0.05, 0.05]]
    np.testing.assert_allclose(LabelSmoothing(0.2)(4)[:2], expected, rtol=1e-6)
    np.testing.assert_allclose(LabelSmoothing(0.1)(10).sum(axis=1), 1, rtol=1e-6)


def test_soft_targets_are_the_write_ups():
    expected = np.float32([[0.99, 0.01, 0.01], [0.01, 0.99, 0.01], [0.01, 0.01, 0.99]])
    np.testing.assert_array_equal(SoftTargets()(3), expected)


def test_softmax_of_known_values():
    probabilities = softmax(np.float32([[0, log(3)], [5, 5]]))
    np.testing.assert_allclose(probabilities, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)


def test_softmax_does_not_modify_the_logits():
    logits = some_logits()
    logits.flags.writeable = False
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1, rtol=1e-6)


def test_softmax_saturates_without_overflow():
    logits = np.float32([[1000, -1000, 0], [-1000, -1000, -1000], [1000, 1000, -1000]])
    expected = np.float32([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(softmax(logits), expected)


def test_loss_of_extreme_logits_does_not_overflow():
    logits = np.float32([[1000, -1000], [1000, -1000]])
    right, backward = softmax_cross_entropy(logits, one_hot(2)[[0, 0]])
    np.testing.assert_array_equal(backward(), [[0, 0], [0, 0]])
    wrong, backward = softmax_cross_entropy(logits, one_hot(2)[[1, 1]])
    np.testing.assert_array_equal(backward(), [[0.5, -0.5], [0.5, -0.5]])
    assert (right, wrong) == (0, 2000)


def test_loss_matches_the_cross_entropy_computed_by_hand():
    # The mean of two examples, with probabilities 1/4 and 3/4, and 1/2 and 1/2.
    logits = np.float32([[0, log(3)], [7, 7]])
    hard, _ = softmax_cross_entropy(logits, np.float32([[1, 0], [0, 1]]))
    assert hard == pytest.approx((log(4) + log(2)) / 2)
    soft, _ = softmax_cross_entropy(logits, np.float32([[0.9, 0.1], [0.1, 0.9]]))
    assert soft == pytest.approx((0.9 * log(4) + 0.1 * log(4 / 3) + log(2)) / 2)


def test_loss_of_the_write_ups_targets_matches_one_computed_by_hand():
    # Their sum is 1.08, so, unlike a cross-entropy, the loss changes if all logits are shifted.
    label = SoftTargets()(10)[[4]]
    assert softmax_cross_entropy(np.zeros((1, 10), np.float32), label)[0] == pytest.approx(log(10))
    shifted, _ = softmax_cross_entropy(np.full((1, 10), 5, np.float32), label)
    assert shifted == pytest.approx(log(10) + 5 - 5 * 1.08)


@each_target
def test_backward_is_the_derivative(targets):
    logits = some_logits(np.float64)
    targets = targets[LABELS].astype(np.float64)
    _, backward = softmax_cross_entropy(logits, targets)
    dlogits = backward()
    expected = numerical_gradient(lambda: softmax_cross_entropy(logits, targets)[0], logits)
    np.testing.assert_allclose(dlogits, expected, rtol=1e-7, atol=1e-9)


@each_target
def test_gradient_is_softmax_minus_target(targets):
    logits = some_logits()
    _, backward = softmax_cross_entropy(logits, targets[LABELS])
    expected = [
        [exp(score) / sum(map(exp, row)) - target for score, target in zip(row, goal, strict=True)]
        for row, goal in zip(logits.tolist(), targets[LABELS].tolist(), strict=True)
    ]
    np.testing.assert_allclose(backward(), np.divide(expected, len(LABELS)), atol=1e-7)


@each_target
def test_dtype_stays_float32_and_the_loss_is_a_python_float(targets):
    logits = some_logits()
    loss, backward = softmax_cross_entropy(logits, targets[LABELS])
    assert type(loss) is float
    assert targets.dtype == softmax(logits).dtype == backward().dtype == np.float32


@each_target
def test_loss_changes_no_input_and_backward_can_be_called_twice(targets):
    logits, goal = some_logits(), targets[LABELS]
    for array in (logits, goal):
        array.flags.writeable = False
    _, backward = softmax_cross_entropy(logits, goal)
    np.testing.assert_array_equal(backward(), backward())


@each_target
def test_parts_of_a_batch_add_up_to_its_loss_and_gradient(targets):
    logits, goal = some_logits(), targets[LABELS]
    loss, backward = softmax_cross_entropy(logits, goal)
    parts = [
        softmax_cross_entropy(logits[rows], goal[rows], len(logits))
        for rows in (slice(1), slice(1, None))
    ]
    assert sum(part for part, _ in parts) == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(
        np.concatenate([gradient() for _, gradient in parts]), backward(), rtol=1e-6
    )
