"""Connectionist temporal classification (CTC): the loss of a sequence without an alignment.

A network gives each column of a line a distribution over the symbols and a blank. A path is one
symbol or blank for each column; it spells the text that remains when repeated symbols are merged
and blanks are left out. The probability of a text is the sum over all paths that spell it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array

BLANK = 0  # its class
IMPOSSIBLE = -1e30  # the logarithm of a probability of zero, without the NaNs of infinities


def ctc_loss(
    logits: Array, targets: Sequence[Sequence[int]], lengths: NDArray[np.integer]
) -> tuple[float, Callable[[], Array]]:
    """Compute -log P(text), averaged over the batch.

    All texts are extended: a blank before, between and after their symbols. Position s of a text's
    extension can be reached from s, from s - 1, and, past a blank between two different symbols,
    from s - 2. So sums over all paths take one pass over the columns from the left and, for the
    gradient, one from the right.

    logits   float32 (N, W, C); class 0 is the blank
    targets  N texts, as classes from 1; each must fit in its columns: one for each symbol, and one
             more between two equal ones
    lengths  int (N,), how many columns of each line count; the rest is padding
    returns  the loss, and backward: () -> dlogits, float32 (N, W, C)
    source   Graves, Fernández, Gomez and Schmidhuber 2006, Connectionist Temporal Classification,
             section 4.1
    """
    lines, columns, classes = logits.shape
    peak = logits.max(axis=2, keepdims=True)
    exponentials = np.exp(logits - peak)
    total = exponentials.sum(axis=2, keepdims=True)
    log_probabilities = (logits - peak - np.log(total)).astype(np.float64)

    extended, can_skip, sizes = extend_with_blanks(targets)
    positions = np.arange(extended.shape[1])
    # scores[n, t, s]: log probability of the symbol at position s in column t
    scores = np.take_along_axis(log_probabilities, extended[:, None, :], axis=2)
    scores = np.where(positions < sizes[:, None, None], scores, IMPOSSIBLE)
    each = np.arange(lines)

    # forward[t, n, s]: all beginnings of paths that are at position s in column t
    forward = np.full((columns, *extended.shape), IMPOSSIBLE)
    forward[0, :, :2] = scores[:, 0, :2]
    for t in range(1, columns):
        reached = _reach(forward[t - 1], can_skip)
        forward[t] = np.where((t < lengths)[:, None], reached + scores[:, t], forward[t - 1])
    last = forward[-1]
    log_likelihood = np.logaddexp(
        last[each, sizes - 1],
        np.where(sizes > 1, last[each, sizes - 2], IMPOSSIBLE),
    )

    def backward() -> Array:
        # rest[n, s]: all ends of paths after a column, from position s. Reversed in time and
        # position, a text is spelled as from the left.
        rest = np.full(extended.shape, IMPOSSIBLE)
        skips_reversed = np.zeros_like(can_skip)
        skips_reversed[:, 2:] = can_skip[:, ::-1][:, :-2]
        ends = np.full(extended.shape, IMPOSSIBLE)
        ends[each, sizes - 1] = 0
        ends[each, np.maximum(sizes - 2, 0)] = 0
        dlogits = exponentials / total
        for t in range(columns - 1, -1, -1):
            if t < columns - 1:
                following = (rest + scores[:, t + 1])[:, ::-1]
                rest = _reach(following, skips_reversed)[:, ::-1]
            rest = np.where(np.equal(t, lengths - 1)[:, None], ends, rest)
            posterior = np.exp(np.minimum(forward[t] + rest - log_likelihood[:, None], 0))
            posterior *= positions < sizes[:, None]
            occupied = np.zeros((lines, classes))
            np.add.at(occupied, (each[:, None], extended), posterior)
            dlogits[:, t] -= occupied
        dlogits[np.arange(columns) >= lengths[:, None]] = 0
        dlogits /= lines
        return dlogits.astype(logits.dtype, copy=False)

    return float(-log_likelihood.mean()), backward


def extend_with_blanks(
    targets: Sequence[Sequence[int]],
) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.intp]]:
    """Put blanks around all symbols of each text.

    returns  intp (N, S), padded with blanks; bool (N, S), whether a position can be reached past
             the blank before it; and intp (N,), the number of positions of each text
    """
    sizes = np.array([2 * len(target) + 1 for target in targets])
    extended = np.full((len(targets), max(int(sizes.max()), 2)), BLANK)
    for row, target in zip(extended, targets, strict=True):
        row[1 : 2 * len(target) : 2] = target
    can_skip = np.zeros(extended.shape, bool)
    can_skip[:, 2:] = (extended[:, 2:] != BLANK) & (extended[:, 2:] != extended[:, :-2])
    return extended, can_skip, sizes


def _reach(before: Array, can_skip: NDArray[np.bool_]) -> Array:
    """Add up the log probabilities with which each position is reached in one step.

    before   float64 (N, S)
    """
    reached = before.copy()
    reached[:, 1:] = np.logaddexp(reached[:, 1:], before[:, :-1])
    past_blank = np.logaddexp(reached[:, 2:], before[:, :-2])
    reached[:, 2:] = np.where(can_skip[:, 2:], past_blank, reached[:, 2:])
    return reached
