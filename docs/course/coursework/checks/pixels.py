"""Step 1: a pixel and an image."""

from typing import Any

import numpy as np

from coursework.exercise import ConditionCheck, FunctionCheck


def _ink_cases() -> Any:
    yield (np.array([[0, 51], [102, 255]], np.uint8),)
    yield (np.random.default_rng(0).integers(0, 256, (3, 5), dtype=np.uint8),)


def _digit_cases() -> Any:
    rng = np.random.default_rng(1)
    yield rng.random((40, 6, 5)), np.arange(40) % 10
    yield rng.random((30, 4, 4)), rng.permutation(np.arange(30) % 10)


def _nearest_cases() -> Any:
    rng = np.random.default_rng(2)
    means = rng.random((10, 6, 5))
    yield from ((rng.random((6, 5)), means) for _ in range(5))
    yield means[7].copy(), means


def _seven() -> Any:
    image = np.zeros((28, 28), np.uint8)
    image[6:9, 8:20] = 255
    image[9:22, 17:20] = 255
    return image


seven = ConditionCheck(
    "seven",
    {
        "keep it an image of 28 by 28 pixels: `seven[rows, columns] = 255` changes pixels, and "
        "`seven = ...` replaces the whole image.": lambda a: np.shape(a) == (28, 28),
        "the image is still blank. A slice such as `seven[6:9, 8:20]` names rows 6 to 8 and "
        "columns 8 to 19.": lambda a: np.any(a),
        "ink is 255 here, not 1: the type is uint8, and its largest value is full ink.": (
            lambda a: np.max(a) == 255
        ),
        "there is no horizontal bar in the upper half. The *first* index is the row, the second "
        "the column.": lambda a: (np.asarray(a)[:14] == 255).sum(axis=1).max() >= 8,
        "the stem is missing: a few columns on the right, down to at least row 18.": (
            lambda a: (np.asarray(a)[18, 10:] == 255).any()
        ),
        "there is ink in the lower left corner, so this may be a 2 or a box.": (
            lambda a: not np.asarray(a)[18:, :9].any()
        ),
    },
    {
        "the image is still blank": lambda: np.zeros((28, 28), np.uint8),
        "ink is 255 here": lambda: _seven() // 255,
        "keep it an image": lambda: 255,
        "no horizontal bar": lambda: _seven().T,
        "the stem is missing": lambda: _seven() * (np.arange(28) < 9)[:, None],
        "lower left corner": lambda: np.full((28, 28), 255, np.uint8),
    },
    "You have written a digit, number by number.",
)

to_ink = FunctionCheck(
    "to_ink",
    _ink_cases,
    lambda image: image / 255,
    {
        "almost everything is 0: `//` divides without a remainder. You need `/`.": (
            lambda image: image // 255
        ),
        "full ink should become exactly 1. How many steps are there from 0 to 255?": (
            lambda image: image / 256
        ),
        "ink and background have changed places: 0 is background and stays 0.": (
            lambda image: 1 - image / 255
        ),
        "divide by what full ink is in *any* image, not by this image's largest value.": (
            lambda image: image / image.max() if image.max() < 255 else image / 254.5
        ),
    },
    "Every number is divided by the same one, so that 255 becomes 1.",
)

mean_images = FunctionCheck(
    "mean_images",
    _digit_cases,
    lambda x, labels: np.stack([x[labels == digit].mean(axis=0) for digit in range(10)]),
    {
        "the mean of an image is one number here. Which axis counts the images? Only that one "
        "should go away.": lambda x, labels: np.stack([x[labels == d].mean() for d in range(10)]),
        "all ten are the same: choose the images of one digit before you take the mean.": (
            lambda x, labels: np.stack([x.mean(axis=0)] * 10)
        ),
        "this is the sum, not the mean.": (
            lambda x, labels: np.stack([x[labels == d].sum(axis=0) for d in range(10)])
        ),
        "this is the first image of each digit, not the mean of all.": (
            lambda x, labels: np.stack([x[labels == d][0] for d in range(10)])
        ),
    },
    "For each digit from 0 to 9: choose its images with `x[labels == digit]`, then average.",
)

nearest = FunctionCheck(
    "nearest",
    _nearest_cases,
    lambda image, means: ((means - image) ** 2).sum(axis=(1, 2)).argmin(),
    {
        "you take the *largest* distance, so the least similar digit.": (
            lambda image, means: ((means - image) ** 2).sum(axis=(1, 2)).argmax()
        ),
        "positive and negative differences cancel. Square them before you add.": (
            lambda image, means: (means - image).sum(axis=(1, 2)).argmin()
        ),
        "these are absolute differences. Square them, as the formula does.": (
            lambda image, means: np.abs(means - image).sum(axis=(1, 2)).argmin()
        ),
        "this is the distance. What is asked for is *which* mean has it: `argmin`.": (
            lambda image, means: ((means - image) ** 2).sum(axis=(1, 2)).min()
        ),
        "one distance for each of the ten is needed: sum over rows and columns, not over all.": (
            lambda image, means: ((means - image) ** 2).sum().argmin()
        ),
    },
    "Ten distances, one for each mean image, then the place of the smallest.",
    "This is your first reader.",
)
