"""Step 8: convolution."""

from typing import Any

import numpy as np

from coursework.exercise import ConditionCheck, FunctionCheck


def _cases() -> Any:
    rng = np.random.default_rng(0)
    yield rng.random((6, 5)), rng.normal(size=(3, 3))
    yield rng.random((4, 4)), rng.normal(size=(2, 2))


def _convolve(image: Any, kernel: Any) -> Any:
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))


def _pool_cases() -> Any:
    rng = np.random.default_rng(1)
    yield (rng.normal(size=(6, 4)),)
    yield (rng.normal(size=(5, 7)),)


def _squares(image: Any) -> Any:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * height, : 2 * width].reshape(height, 2, width, 2)


convolve = FunctionCheck(
    "convolve",
    _cases,
    _convolve,
    {
        "the last row and the last column of positions are missing. How many windows of 3 fit into "
        "a row of 5?": lambda image, kernel: _convolve(image, kernel)[:-1, :-1],
        "the kernel is flipped. That is what mathematicians call convolution; networks do not "
        "flip.": lambda image, kernel: _convolve(image, kernel[::-1, ::-1]),
        "the result has a border: use only windows that lie inside of the image.": (
            lambda image, kernel: np.pad(_convolve(image, kernel), 1)
        ),
        "the kernel is transposed: rows meet rows.": (
            lambda image, kernel: _convolve(image, kernel.T)
        ),
        "this is the mean of the products. Add them up.": (
            lambda image, kernel: _convolve(image, kernel) / kernel.size
        ),
    },
    "At each position: the window times the kernel, number by number, added up. The window that "
    "begins at row r and column c is `image[r : r + height, c : c + width]`.",
)

LEFT_TO_RIGHT = np.zeros((5, 6))
LEFT_TO_RIGHT[:, 3:] = 1


def _middle(kernel: Any, image: Any) -> Any:
    return _convolve(image, np.asarray(kernel, float))


edge = ConditionCheck(
    "edge",
    {
        "make it a 3 by 3 array.": lambda k: np.shape(k) == (3, 3),
        "it is still blank.": lambda k: np.any(k),
        "on an area without any edge, blank or full, it should give 0. So what must the nine "
        "numbers add up to?": lambda k: np.isclose(np.sum(k), 0),
        "it should give 0 on a *horizontal* edge. Each of its rows should add up to 0.": (
            lambda k: np.allclose(_middle(k, LEFT_TO_RIGHT.T), 0)
        ),
        "where ink begins, from left to right, the result should be positive. Here it is "
        "negative: mirror it.": lambda k: _middle(k, LEFT_TO_RIGHT).max() > 0,
        "it also responds positively where ink *ends*. It should be negative there.": (
            lambda k: _middle(k, LEFT_TO_RIGHT[:, ::-1]).max() <= 1e-9
        ),
    },
    {
        "3 by 3": lambda: np.array([-1, 0, 1]),
        "still blank": lambda: np.zeros((3, 3)),
        "add up to": lambda: np.array([[0, 0, 1]] * 3),
        "horizontal* edge": lambda: np.array([[-1, 0, 1]] * 3).T,
        "mirror it": lambda: np.array([[1, 0, -1]] * 3),
        "*ends*": lambda: np.array([[-1, 2, -1]] * 3),
    },
)

max_pool = FunctionCheck(
    "max_pool",
    _pool_cases,
    lambda image: _squares(image).max(axis=(1, 3)),
    {
        "this is the mean of each square. What counts is the strongest response.": (
            lambda image: _squares(image).mean(axis=(1, 3))
        ),
        "the squares overlap: move on by two pixels.": lambda image: (
            np.lib.stride_tricks.sliding_window_view(image, (2, 2)).max(axis=(2, 3))
        ),
        "this keeps one pixel of each square, but not the largest.": (
            lambda image: _squares(image)[:, 0, :, 0]
        ),
        "this looks at pairs in a row only; a square has two rows.": (
            lambda image: _squares(image)[:, 0].max(axis=2)
        ),
        "the largest value of a square may be negative: do not apply a ReLU here.": (
            lambda image: np.maximum(_squares(image).max(axis=(1, 3)), 0)
        ),
    },
    "Of each square of 2 by 2 pixels the largest. A last row or column that fills no square is "
    "left out.",
)

parameters = FunctionCheck(
    "count_parameters",
    lambda: [(3, 1, 16), (3, 8, 16), (5, 2, 3)],
    lambda size, channels, filters: (size * size * channels + 1) * filters,
    {
        "each filter has a bias, too.": (
            lambda size, channels, filters: size * size * channels * filters
        ),
        "a filter looks at *all* channels of what comes before.": (
            lambda size, channels, filters: (size * size + 1) * filters
        ),
        "the kernel is a square.": (
            lambda size, channels, filters: (size * channels + 1) * filters
        ),
        "there is one bias for each filter, not one for all.": (
            lambda size, channels, filters: size * size * channels * filters + 1
        ),
    },
    "Each filter has a weight for each pixel of its window in each channel, and a bias.",
    "It does not depend on the size of the image!",
)
