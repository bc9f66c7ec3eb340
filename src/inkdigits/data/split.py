"""Cuts the validation digits from the training digits, by writer where the writers are known."""

import numpy as np

from inkdigits.data.mnist import Digits


def split_by_writer(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Split so that nobody's hand is on both sides.

    Writers, shuffled by the seed, go to the validation side until their digits come as near to the
    fraction as they can; the order of the digits stays as it is.

    digits    with writers
    fraction  of the digits that validate, between 0 and 1
    returns   the digits to train on, and the digits to validate on; neither is empty
    raises    ValueError if there are no writers, or only one
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
    validates = np.isin(writer_of, order[:number])
    return digits.take(~validates), digits.take(validates)


def split_at_random(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Split digits whose writers are not known; the order of the digits stays as it is.

    fraction  of the digits that validate, between 0 and 1
    returns   the digits to train on, and the digits to validate on
    """
    _check(fraction)
    order = np.random.default_rng(seed).permutation(len(digits))
    validates = np.zeros(len(digits), bool)
    validates[order[: round(fraction * len(digits))]] = True
    return digits.take(~validates), digits.take(validates)


def _check(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction to validate on is between 0 and 1, not {fraction}")
