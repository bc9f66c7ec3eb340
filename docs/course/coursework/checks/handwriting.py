"""Step 9: augmentation and other people's handwriting."""

from typing import Any

import numpy as np

from coursework.exercise import ConditionCheck, FunctionCheck

WRITERS = np.repeat(np.arange(40), 5)[np.random.default_rng(0).permutation(200)]


def _split(function: Any, writers: Any = WRITERS, share: Any = 0.25, seed: Any = 0) -> Any:
    return np.asarray(function(writers, share, np.random.default_rng(seed)))


def _by_writer(writers: Any, share: Any, rng: Any) -> Any:
    names = rng.permutation(np.unique(writers))
    return np.isin(writers, names[: round(share * len(names))])


hold_out = ConditionCheck(
    "hold_out_writers",
    {
        "return an array of true and false, one for each digit, in place of the `...`.": (
            lambda f: _split(f).shape == WRITERS.shape and _split(f).dtype == bool
        ),
        "some writers are on both sides. Choose *writers* at random, and then all of their "
        "digits: `np.isin(writers, chosen)`.": lambda f: (
            not set(WRITERS[_split(f)]) & set(WRITERS[~_split(f)])
        ),
        "about the given share of the writers should be held out: here 10 of 40.": (
            lambda f: 9 <= len(set(WRITERS[_split(f)])) <= 11
        ),
        "it should be up to chance which writers are held out. Use `rng`.": (
            lambda f: not np.array_equal(_split(f, seed=1), _split(f, seed=2))
        ),
    },
    {
        "true and false": lambda: lambda writers, share, rng: None,
        "on both sides": lambda: lambda writers, share, rng: rng.random(len(writers)) < share,
        "10 of 40": lambda: lambda writers, share, rng: _by_writer(writers, 1 - share, rng),
        "up to chance": lambda: (
            lambda writers, share, rng: np.isin(
                writers, np.unique(writers)[: round(share * len(np.unique(writers)))]
            )
        ),
    },
    "A network that has seen a person's other digits has an easier test than with strangers.",
)


def _images() -> Any:
    rng = np.random.default_rng(1)
    return [rng.random((6, 5)), np.eye(4)]


def _moved(image: Any, down: Any, right: Any) -> Any:
    moved = np.zeros_like(image)
    height, width = image.shape
    moved[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved


shift = FunctionCheck(
    "shift",
    lambda: [
        (image, down, right)
        for image in _images()
        for down, right in ((1, 0), (0, 2), (-1, 1), (0, 0), (-2, -1))
    ],
    _moved,
    {
        "what leaves on one side comes back on the other. Blank it: it should be 0.": (
            lambda image, down, right: np.roll(image, (down, right), (0, 1))
        ),
        "down and right have changed places: the first index is the row.": (
            lambda image, down, right: _moved(image, right, down)
        ),
        "the direction is wrong: positive numbers move it down and to the right.": (
            lambda image, down, right: _moved(image, -down, -right)
        ),
        "it moves down, but not to the side.": lambda image, down, right: _moved(image, down, 0),
    },
    "`np.roll(image, (down, right), (0, 1))` moves an image around the border. What has come "
    "around still has to be set to 0; think about negative numbers, too.",
)

rotation = FunctionCheck(
    "rotation",
    lambda: [(90.0,), (30.0,), (-10.0,), (0.0,)],
    lambda degrees: np.array(
        [
            [np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))],
            [np.sin(np.radians(degrees)), np.cos(np.radians(degrees))],
        ]
    ),
    {
        "`np.cos` takes radians, not degrees: see `np.radians`.": lambda degrees: np.array(
            [[np.cos(degrees), -np.sin(degrees)], [np.sin(degrees), np.cos(degrees)]]
        ),
        "this turns the other way. The minus belongs to the other sine.": lambda degrees: np.array(
            [
                [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))],
                [-np.sin(np.radians(degrees)), np.cos(np.radians(degrees))],
            ]
        ),
        "without a minus, this is a reflection, not a rotation.": lambda degrees: np.array(
            [
                [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))],
                [np.sin(np.radians(degrees)), np.cos(np.radians(degrees))],
            ]
        ),
    },
    "Cosines on the diagonal, sines beside it, one of them with a minus.",
)

BATCH = np.zeros((12, 9, 9))
BATCH[:, 4, 4] = 1


def _jitter(x: Any, rng: Any, both: Any = True) -> Any:
    return np.stack(
        [_moved(i, *(rng.integers(-2, 3, 2) if both else (0, rng.integers(-2, 3)))) for i in x]
    )


def _run(function: Any, seed: Any = 0) -> Any:
    return np.asarray(function(BATCH.copy(), np.random.default_rng(seed)))


def _unchanged(function: Any) -> Any:
    batch = BATCH.copy()
    function(batch, np.random.default_rng(0))
    return np.array_equal(batch, BATCH)


def _places(function: Any, seeds: Any = range(8)) -> Any:
    moved = np.concatenate([_run(function, seed) for seed in seeds])
    return np.argwhere(moved == 1)[:, 1:] - 4


jitter = ConditionCheck(
    "jitter",
    {
        "return as many images as came in, of the same size, in place of the `...`.": (
            lambda f: _run(f).shape == BATCH.shape
        ),
        "it changes the images that it was given. In the next epoch they would be moved again, "
        "from where they are: work on a copy.": _unchanged,
        "nothing has moved.": lambda f: np.any(_places(f)),
        "all images of the batch move in the same way. Draw two numbers for *each* image.": (
            lambda f: np.ptp(np.argwhere(_run(f) == 1)[:, 1:], axis=0).max() > 0
        ),
        "they move in one direction only; both should be random.": (
            lambda f: (np.ptp(_places(f), axis=0) > 0).all()
        ),
        "they should move by -2 to 2 pixels, both included. `rng.integers(-2, 3)`: the upper end "
        "is left out.": lambda f: (
            (_places(f).min(axis=0) == -2).all() and (_places(f).max(axis=0) == 2).all()
        ),
        "use `rng` for every random number, so that an experiment can be repeated.": (
            lambda f: np.array_equal(_run(f, 5), _run(f, 5))
        ),
    },
    {
        "as many images": lambda: lambda x, rng: None,
        "nothing has moved": lambda: lambda x, rng: x.copy(),
        "in the same way": lambda: (
            lambda x, rng: (lambda d, r: np.stack([_moved(i, d, r) for i in x]))(
                *rng.integers(-2, 3, 2)
            )
        ),
        "one direction only": lambda: lambda x, rng: _jitter(x, rng, both=False),
        "upper end is left out": lambda: (
            lambda x, rng: np.stack([_moved(i, *rng.integers(-2, 2, 2)) for i in x])
        ),
        "can be repeated": lambda: lambda x, rng: _jitter(x, np.random.default_rng()),
    },
)
