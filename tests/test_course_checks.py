"""The checks of docs/course accept any right answer, and explain mistakes as students make them."""

import importlib
import math
import re

import numpy as np
import pytest
from coursework.exercise import NotYet


def shift_by_loops(image, down, right):
    moved = 0 * image
    for row, column in np.argwhere(image):
        if 0 <= row + down < image.shape[0] and 0 <= column + right < image.shape[1]:
            moved[row + down, column + right] = image[row, column]
    return moved


def batches_as_a_list(count, size, rng):
    order = list(range(count))
    rng.shuffle(order)
    return [order[:size], *([order[i : i + size] for i in range(size, count, size)])]


OTHER_ANSWERS = {
    "pixels.to_ink": lambda image: image.astype(float) / 255.0,
    "pixels.nearest": lambda image, means: int(
        np.argmin([np.linalg.norm(image - mean) for mean in means])
    ),
    "neuron.neuron": lambda x, weight, bias: bias + sum(a * b for a, b in zip(x, weight)),  # noqa: B905
    "neuron.sigmoid": lambda z: np.exp(z) / (1 + np.exp(z)),
    "layer.relu": lambda x: np.where(x > 0, x, 0),
    "layer.collapse": lambda w1, b1, w2, b2: [w1.dot(w2), b1.dot(w2) + b2],
    "chain_rule.relu_backward": lambda dy, x: np.where(x > 0, dy, 0),
    "chain_rule.dense_backward": lambda dy, x, w: [
        np.dot(dy, w.T),
        np.dot(x.T, dy),
        np.ones(len(dy)) @ dy,
    ],
    "softmax.cross_entropy": lambda p, labels: (
        -np.mean([np.log(row[label]) for row, label in zip(p, labels, strict=True)])
    ),
    "softmax.know_nothing": 2.303,
    "training_loop.batches": batches_as_a_list,
    "my_digit.new_size": lambda height, width: [
        max(1, int(np.rint(side * (20 / max(height, width))))) for side in (height, width)
    ],
    "convolution.edge": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "handwriting.shift": shift_by_loops,
    "reader.rejection_score": lambda z: z[:, 10] - np.logaddexp.reduce(z[:, :10], axis=1),
}


@pytest.mark.parametrize("name", OTHER_ANSWERS)
def test_other_right_answers_are_accepted(name, capsys):
    module, check = name.split(".")
    getattr(importlib.import_module(f"coursework.checks.{module}"), check)(OTHER_ANSWERS[name])
    assert " is right." in capsys.readouterr().out


def relu_of_the_gradient(dy, x):
    return np.where(dy > 0, dy, 0)


def summed_surprise(p, labels):
    return sum(-np.log(p[i, label]) for i, label in enumerate(labels))


def all_columns(p, labels):
    return np.mean(-np.log(p[:, labels]))


def softmax_over_all(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def softmax_that_overflows(z):
    e = np.exp(z)
    return e / e.sum(1)[:, None]


def slope_divided_by_h(f, x, index):
    h, a, b = 1e-5, x.copy(), x.copy()
    a[index], b[index] = a[index] + h, b[index] - h
    return (f(a) - f(b)) / h


def slope_of_the_same_point(f, x, index):
    above, below = x, x
    above[index] += 1e-5
    below[index] -= 1e-5
    return (f(above) - f(below)) / 2e-5


def slope_to_one_side(f, x, index):
    moved = x.copy()
    moved[index] += 1e-5
    return (f(moved) - f(x)) / 1e-5


def sigmoid_of_one_number(z):
    return 1 / (1 + math.exp(-z))


def softmax_minus_the_largest_of_all(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def uphill(parameter, gradient, rate):
    parameter += rate * gradient


def same_convolution(image, kernel):
    k = len(kernel) // 2
    big = np.pad(image, k)
    height, width = len(kernel), len(kernel[0])
    return np.array(
        [
            [np.sum(big[r : r + height, c : c + width] * kernel) for c in range(image.shape[1])]
            for r in range(image.shape[0])
        ]
    )


def crop_without_the_last(ink):
    rows, columns = np.where(ink > 0.25)
    return ink[rows.min() : rows.max(), columns.min() : columns.max()]


# As students write them, independent of the mistakes that the checks know.
WRONG_ANSWERS = [
    ("pixels.to_ink", lambda image: image // 255, "`//` divides without a remainder"),
    ("pixels.mean_images", lambda x, labels: [x.mean(0)] * 10, "all ten are the same"),
    ("pixels.nearest", lambda i, m: abs(m - i).sum((1, 2)).argmin(), "Square them"),
    ("neuron.sigmoid", sigmoid_of_one_number, "`np.exp` takes whole arrays"),
    ("neuron.neuron", lambda x, weight, bias: weight * x + bias, "not added up yet"),
    ("neuron.neuron", lambda x, weight, bias: np.dot(weight, x), "the bias is missing"),
    ("layer.relu", lambda x: abs(x), "should become 0, not positive"),
    ("layer.dense", lambda x, weight, bias: np.dot(x, weight), "the biases are missing"),
    ("chain_rule.slope", slope_divided_by_h, "2h apart, not h"),
    ("chain_rule.slope", slope_of_the_same_point, "only gives the array a second name"),
    ("chain_rule.slope", slope_to_one_side, "one of the points is x itself"),
    ("chain_rule.relu_backward", relu_of_the_gradient, "whether the *input* was positive"),
    ("softmax.softmax", softmax_over_all, "Each row should add up to 1"),
    ("softmax.softmax", softmax_minus_the_largest_of_all, "Subtract each row's own"),
    ("softmax.softmax", softmax_that_overflows, "exp(1000) is too large"),
    ("softmax.cross_entropy", summed_surprise, "this is the sum over the images"),
    ("softmax.cross_entropy", all_columns, "takes all of these columns from *every* row"),
    ("training_loop.update", uphill, "this climbs the hill"),
    ("my_digit.crop", crop_without_the_last, "a slice ends *before* its second number"),
    ("convolution.convolve", same_convolution, "shape"),
    ("convolution.max_pool", lambda a: a[:-1:2, :-1:2], "not the largest"),
    ("handwriting.shift", lambda a, d, r: np.roll(np.roll(a, d, 0), r, 1), "on the other"),
    ("reader.rejection_score", lambda z: z[:, -1], "only differences of logits mean something"),
]


@pytest.mark.parametrize(("name", "answer", "told"), WRONG_ANSWERS)
def test_wrong_answers_are_explained(name, answer, told):
    module, check = name.split(".")
    with pytest.raises(NotYet, match=re.escape(told)):
        getattr(importlib.import_module(f"coursework.checks.{module}"), check)(answer)


def test_error_in_an_answer_is_told():
    check = importlib.import_module("coursework.checks.training_loop").batches

    def misspelled(count, size, rng):
        return rng.permutate(count)

    with pytest.raises(NotYet, match=r"Python says AttributeError: .*permutate"):
        check(misspelled)


def test_other_mistakes_are_told_by_their_kind():
    check = importlib.import_module("coursework.checks.layer").dense
    check(lambda x, weight, bias: x @ weight + bias)

    def changes_its_input(x, weight, bias):
        x += 1
        return (x - 1) @ weight + bias

    def fails(x, weight, bias):
        raise KeyError("no such thing")

    for answer, told in [
        (..., "still needs your code"),
        (3.0, "should be a function, not float"),
        (lambda x, weight, bias: None, "returns nothing yet"),
        (lambda x, weight, bias: 0.0, "has shape (), not (4, 2)"),
        (lambda x, weight, bias: 2 * (x @ weight) + bias, "right shape, but wrong values"),
        (changes_its_input, "it changes its arguments"),
        (fails, "fails with KeyError"),
    ]:
        with pytest.raises(NotYet, match=re.escape(told)):
            check(answer)


def test_message_is_all_that_a_notebook_shows():
    assert NotYet("Try again.")._render_traceback_() == ["Not yet. Try again."]
