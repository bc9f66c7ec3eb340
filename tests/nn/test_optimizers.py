"""Each optimizer against steps computed by hand."""

import numpy as np
import pytest

from inkdigits.nn.optimizers import SGD, AdamW

EVERY = [
    SGD(),
    SGD(weight_decay=0.1),
    SGD(momentum=0.9),
    SGD(momentum=0.9, weight_decay=0.1),
    AdamW(),
    AdamW(weight_decay=0.0),
]
each_optimizer = pytest.mark.parametrize("optimizer", EVERY, ids=repr)


def walk(optimizer, start, gradients, learning_rate):
    """Return the parameters after each step."""
    params = np.array(start, np.float64)
    state = np.zeros((optimizer.state_vectors, params.size))
    steps = []
    for number, gradient in enumerate(gradients):
        optimizer.step(params, np.array(gradient, np.float64), state, learning_rate, number)
        steps.append(params.tolist())
    return steps


def test_sgd_matches_steps_computed_by_hand():
    # 1 - 0.1 * 2, then 0.8 - 0.1 * 3; and -2 + 0.1 * 1, then -1.9 - 0.1 * 4.
    steps = walk(SGD(), [1, -2], [[2, -1], [3, 4]], learning_rate=0.1)
    np.testing.assert_allclose(steps, [[0.8, -1.9], [0.5, -2.3]])


def test_sgd_with_weight_decay_matches_steps_computed_by_hand():
    # Gradients 2 + 0.5 * 1 = 2.5, then 3 + 0.5 * 0.75 = 3.375.
    steps = walk(SGD(weight_decay=0.5), [1], [[2], [3]], learning_rate=0.1)
    np.testing.assert_allclose(steps, [[0.75], [0.4125]])


def test_sgd_with_momentum_matches_steps_computed_by_hand():
    # Velocities 2, then 0.5 * 2 + 3 = 4, then 0.5 * 4 - 1 = 1.
    steps = walk(SGD(momentum=0.5), [1], [[2], [3], [-1]], learning_rate=0.1)
    np.testing.assert_allclose(steps, [[0.8], [0.4], [0.3]])


def test_sgd_with_momentum_and_weight_decay_matches_steps_computed_by_hand():
    # Velocities 2 + 0.5 * 1 = 2.5, then 0.5 * 2.5 + 3 + 0.5 * 0.75 = 4.625.
    steps = walk(SGD(momentum=0.5, weight_decay=0.5), [1], [[2], [3]], learning_rate=0.1)
    np.testing.assert_allclose(steps, [[0.75], [0.2875]])


def test_velocity_of_sgd_does_not_contain_the_learning_rate():
    params, state = np.array([1.0]), np.zeros((1, 1))
    SGD(momentum=0.5).step(params, np.array([2.0]), state, 0.1, 0)
    SGD(momentum=0.5).step(params, np.array([3.0]), state, 0.01, 1)
    # 1 - 0.1 * 2, then less 0.01 * (0.5 * 2 + 3).
    np.testing.assert_allclose(params, [0.76])


def test_first_step_of_adamw_is_the_learning_rate_whatever_the_gradient():
    # With bias correction, the moving averages are the gradient and its square.
    steps = walk(AdamW(weight_decay=0.0), [1, 1, 1], [[1e-3, 5, -200]], learning_rate=0.1)
    np.testing.assert_allclose(steps, [[0.9, 0.9, 1.1]], rtol=1e-5)


def test_adamw_matches_steps_computed_by_hand():
    optimizer = AdamW(beta1=0.5, beta2=0.75, epsilon=0.5, weight_decay=0.2)
    # Step 1, gradient 2: mean 1, corrected by 1 - 0.5 to 2; square 1, corrected by 1 - 0.75 to 4.
    #   Decay 1 * (1 - 0.1 * 0.2) = 0.98, less 0.1 * 2 / (2 + 0.5) = 0.08.
    # Step 2, gradient -1: mean 0, so only the decay: 0.9 * 0.98 = 0.882.
    # Step 3, gradient 6: mean 3, corrected by 1 - 0.125 to 24/7; square 1, then 0.75 * 1 + 0.25
    #   = 1, then 0.75 * 1 + 9 = 9.75, corrected by 1 - 27/64 to 624/37, whose root is 4.106671...
    #   0.882 * 0.98 = 0.86436, less 0.1 * 3.428571 / 4.606671 = 0.074426.
    steps = walk(optimizer, [1], [[2], [-1], [6]], learning_rate=0.1)
    np.testing.assert_allclose(steps, [[0.9], [0.882], [0.789934]], atol=1e-6)


def test_state_of_adamw_is_the_moving_averages():
    optimizer = AdamW(beta1=0.5, beta2=0.75)
    state = np.zeros((2, 1))
    for number, gradient in enumerate([2.0, -1.0, 6.0]):
        optimizer.step(np.zeros(1), np.array([gradient]), state, 0.1, number)
    np.testing.assert_allclose(state, [[3], [9.75]])


class OnlyFloat32(np.ndarray):
    """An array whose results, including intermediate ones, must all be float32."""

    def __array_finalize__(self, source):
        assert self.dtype == np.float32


@each_optimizer
def test_dtype_stays_float32(optimizer):
    params, gradient = (np.ones(3, np.float32).view(OnlyFloat32) for _ in range(2))
    state = np.zeros((optimizer.state_vectors, 3), np.float32).view(OnlyFloat32)
    for number in range(2):
        optimizer.step(params, gradient, state, 0.1, number)


@each_optimizer
def test_step_changes_only_params_and_state(optimizer):
    params, gradient = np.ones(3, np.float32), np.float32([1, -2, 3])
    state = np.zeros((optimizer.state_vectors, 3), np.float32)
    gradient.flags.writeable = False
    optimizer.step(params, gradient, state, 0.1, 0)
    assert (params != 1).all()
    assert (state != 0).all()


def test_optimizer_declares_its_number_of_state_vectors():
    assert SGD().state_vectors == 0
    assert SGD(weight_decay=0.1).state_vectors == 0
    assert SGD(momentum=0.9).state_vectors == 1
    assert AdamW().state_vectors == 2


@each_optimizer
def test_optimizer_has_no_state_of_its_own(optimizer):
    gradients = [[2, -1], [3, 4], [-1, 1]]
    alone = walk(optimizer, [1, -2], gradients, learning_rate=0.1)
    assert walk(optimizer, [1, -2], gradients, learning_rate=0.1) == alone
