"""Split off a validation set, by writer where the writers are known."""

import numpy as np

from inkdigits.data.mnist import Digits


def split_by_writer(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Split into training and validation sets that have no writer in common.

    Writers, shuffled by the seed, are added to the validation set until its size is as close to
    the fraction as possible. Both sets keep the order of the digits.

    digits    with writers
    fraction  of the digits to validate on, between 0 and 1
    returns   the training set and the validation set, neither of them empty
    raises    ValueError if the writers are unknown or there is only one
    """
    if digits.writers is None:
        raise ValueError("these digits have no writers: use split_at_random")
    _check(fraction)
    writers, writer_of, counts = np.unique(digits.writers, return_inverse=True, return_counts=True)
    if len(writers) < 2:
        raise ValueError("a split by writer needs at least two writers: use split_at_random")
    order = np.random.default_rng(seed).permutation(len(writers))
    reached = np.cumsum(counts[order])[:-1]
    number = 1 + np.argmin(np.abs(reached - fraction * len(digits)))
    in_validation = np.isin(writer_of, order[:number])
    return digits.take(~in_validation), digits.take(in_validation)


def split_at_random(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Split digits whose writers are unknown. Both sets keep the order of the digits.

    fraction  of the digits to validate on, between 0 and 1
    returns   the training set and the validation set
    """
    _check(fraction)
    order = np.random.default_rng(seed).permutation(len(digits))
    in_validation = np.zeros(len(digits), bool)
    in_validation[order[: round(fraction * len(digits))]] = True
    return digits.take(~in_validation), digits.take(in_validation)


def split_evenly(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Split digits whose writers are unknown, with about the same fraction of each class.

    Both sets keep the order of the digits. A class of two or more keeps one for training.

    fraction  of the digits to validate on, above 0 and at most a half
    returns   the training set and the validation set
    """
    if not 0 < fraction <= 0.5:
        raise ValueError(f"the validation fraction must be from 0 to 0.5, not {fraction}")
    shuffled = np.random.default_rng(seed).permutation(len(digits))
    by_class = shuffled[np.argsort(digits.labels[shuffled], kind="stable")]
    # Of n digits in a row, at most ceil(n * fraction) are taken.
    reached = np.floor(np.arange(len(digits) + 1) * fraction)
    in_validation = np.zeros(len(digits), bool)
    in_validation[by_class[np.diff(reached) > 0]] = True
    return digits.take(~in_validation), digits.take(in_validation)


def _check(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise ValueError(f"the validation fraction must be between 0 and 1, not {fraction}")
