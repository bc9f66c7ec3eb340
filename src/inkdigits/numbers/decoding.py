"""Find the most probable texts in what the line network says of each column.

A path is one symbol, or a blank, for each column. It spells the text that remains when repeated
symbols are merged and blanks are left out; the probability of a text is the sum over all its paths.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import nlargest
from math import exp, inf, log, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array
from inkdigits.nn.ctc import BLANK, extend_with_blanks
from inkdigits.numbers.constraints import Constraints, State
from inkdigits.numbers.line_model import OTHER, SYMBOLS

BEAM = 16  # beginnings of texts that are kept in each column
BEAM_EACH_LENGTH = 12  # the same for each number of digits, if the text is constrained
# ... and fewer for many columns, as of a texture: then this is the number of all of them together.
BEAM_TOTAL = 600
BLANK_RUN = 0.999  # columns in a row that are more probably blank are searched as one
LIKELY = -9.0  # log probability; a symbol that is less likely does not begin in a column ...
LIKELY_CONSTRAINED = -20.0  # ... unless a constraint may need it
CHUNK = 512  # texts whose probabilities are computed at a time, so that they fit into the cache
SEPARATORS = [1 + SYMBOLS.index(symbol) for symbol in ".,-$"]


class Text(NamedTuple):
    """A text with its separators, such as "12.50", and its log probability."""

    written: str
    score: float

    @property
    def digits(self) -> str:
        """The text without its separators."""
        return "".join(symbol for symbol in self.written if symbol.isdigit())


class _Beginning(NamedTuple):
    """The log probabilities of the beginning of a text: its last column is a blank, or a symbol."""

    blank: float
    symbol: float

    @property
    def total(self) -> float:
        return _log_sum(self.blank, self.symbol)


_NONE = _Beginning(-inf, -inf)


def search(log_probabilities: Array, constraints: Constraints | None = None) -> list[Text]:
    """Find the most probable texts by a beam search over their beginnings.

    log_probabilities  float64 (T, 16), for each column the blank and SYMBOLS
    constraints        that the digits must satisfy, choices aside; then no text has OTHER in it
    returns            with distinct texts, most probable first
    source             Graves and Jaitly 2014, Towards End-to-End Speech Recognition with Recurrent
                       Neural Networks, algorithm 1
    """
    likely = LIKELY if constraints is None else LIKELY_CONSTRAINED
    symbols = SYMBOLS if constraints is None else SYMBOLS.replace(OTHER, "")
    states: dict[str, State | None] = {"": constraints.start if constraints else None}
    size = BEAM
    if constraints is not None:
        log_probabilities = _merge_blanks(log_probabilities)
        size = max(1, min(BEAM_EACH_LENGTH, BEAM_TOTAL // len(log_probabilities)))
    beam = {"": _Beginning(0.0, -inf)}
    for row in log_probabilities.tolist():
        starting = [(symbol, row[k]) for k, symbol in enumerate(symbols, 1) if row[k] > likely]
        following: defaultdict[str, _Beginning] = defaultdict(lambda: _NONE)
        for text, beginning in beam.items():
            last = text[-1:]
            total = beginning.total
            repeated = beginning.symbol + row[1 + SYMBOLS.index(last)] if last else -inf
            _add(following, text, total + row[BLANK], repeated)
            for symbol, score in starting:
                longer = text + symbol
                # A repeated symbol is a new one only after a blank.
                before = beginning.blank if symbol == last else total
                if before > -inf and (constraints is None or _allow(constraints, states, longer)):
                    _add(following, longer, -inf, before + score)
        beam = _prune(following, states, size)
    found = [Text(text, beginning.total) for text, beginning in beam.items()]
    if constraints is not None:
        found = [
            text for text in found if (state := states[text.written]) and constraints.accepts(state)
        ]
    return sorted(found, key=lambda text: -text.score)


def _add(beam: dict[str, _Beginning], text: str, blank: float, symbol: float) -> None:
    old = beam[text]
    beam[text] = _Beginning(_log_sum(old.blank, blank), _log_sum(old.symbol, symbol))


def _allow(constraints: Constraints, states: dict[str, State | None], longer: str) -> bool:
    """Return whether a text one symbol longer may begin so, and keep its state."""
    if longer not in states:
        state, symbol = states[longer[:-1]], longer[-1]
        if state is not None and symbol.isdigit():
            state = constraints.step(state, int(symbol))
        states[longer] = state
    return states[longer] is not None


def _prune(
    beam: dict[str, _Beginning], states: dict[str, State | None], size: int
) -> dict[str, _Beginning]:
    """Keep the most probable beginnings; if they have states, those of each number of digits."""
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for text in beam:
        state = states.get(text)
        groups[state[0] if state else 0].append(text)
    kept = [nlargest(size, texts, key=lambda text: beam[text].total) for texts in groups.values()]
    return {text: beam[text] for texts in kept for text in texts}


def _merge_blanks(log_probabilities: Array) -> Array:
    """Merge columns that are almost certainly blank, as most are, and so are both beside them.

    A symbol is then as probable as that it is in one of the columns, and blank in the others. The
    first and the last column of a blank run remain, or no digit could be there twice.
    """
    blank = log_probabilities[:, BLANK]
    certain = np.pad(blank > log(BLANK_RUN), 1)
    inside = certain[:-2] & certain[1:-1] & certain[2:]
    begins = np.flatnonzero(~(inside & np.pad(inside, (1, 0))[:-1]))
    merged = np.logaddexp.reduceat(log_probabilities - blank[:, None], begins, axis=0)
    merged[:, BLANK] = 0
    return merged + np.add.reduceat(blank, begins)[:, None]


def score_choices(log_probabilities: Array, choices: Sequence[str]) -> list[Text]:
    """Compute the probability of each text of a list, exactly, whatever separators it has.

    returns  most probable first
    """
    # A column may then be a blank or any separator.
    ignored = np.logaddexp.reduce(log_probabilities[:, [BLANK, *SEPARATORS]], axis=1)
    merged = log_probabilities.copy()
    merged[:, BLANK] = ignored
    merged = _merge_blanks(merged)
    scores = np.concatenate(
        [
            text_scores(merged, choices[first : first + CHUNK])
            for first in range(0, len(choices), CHUNK)
        ]
    )
    order = np.argsort(-scores, kind="stable")
    return [Text(choices[place], float(scores[place])) for place in order]


def align(log_probabilities: Array, texts: Sequence[str]) -> list[NDArray[np.intp]]:
    """Find where each symbol of each text stands on the text's most probable path.

    returns  for each text intp (L,), the output's column in which each symbol is most probable
    """
    extended, skips, sizes = extend_with_blanks(_classes(texts))
    scores = log_probabilities[:, extended]
    columns, count, positions = scores.shape
    best = np.full((count, positions), -inf)
    best[:, :2] = scores[0, :, :2]
    back = np.zeros((columns, count, positions), np.int8)
    for t in range(1, columns):
        options = np.full((3, count, positions), -inf)
        options[0] = best
        options[1, :, 1:] = best[:, :-1]
        options[2, :, 2:] = np.where(skips[:, 2:], best[:, :-2], -inf)
        back[t] = options.argmax(axis=0)
        best = options.max(axis=0) + scores[t]
    aligned = []
    for n, size in enumerate(sizes.tolist()):
        position = size - 1 if size < 2 or best[n, size - 1] >= best[n, size - 2] else size - 2
        places = np.zeros(size // 2, np.intp)
        peaks = np.full(size // 2, -inf)
        for t in range(columns - 1, -1, -1):
            symbol = position // 2
            if position % 2 and scores[t, n, position] > peaks[symbol]:
                places[symbol], peaks[symbol] = t, scores[t, n, position]
            position -= int(back[t, n, position])
        aligned.append(places)
    return aligned


def text_scores(log_probabilities: Array, texts: Sequence[str]) -> Array:
    """Compute the log probability of each text, summed over its paths, float64 (N,).

    Probabilities are scaled in each column, so that they do not underflow: that takes a tenth of
    the time of adding up logarithms.
    """
    extended, skips, sizes = extend_with_blanks(_classes(texts))
    probabilities = np.exp(np.maximum(log_probabilities, LIKELY_CONSTRAINED))
    reached = np.zeros(extended.shape)
    reached[:, 0] = 1.0  # before the first column, in which a text begins with a blank or not
    scales = np.zeros(len(texts))
    for t, row in enumerate(probabilities):
        before = reached.copy()
        reached[:, 1:] += before[:, :-1]
        if t:
            reached[:, 2:] += skips[:, 2:] * before[:, :-2]
        reached *= row[extended]
        largest = reached.max(axis=1)
        reached /= largest[:, None]
        scales += np.log(largest)
    each = np.arange(len(texts))
    ends = reached[each, sizes - 1] + reached[each, sizes - 2]
    return scales + np.log(np.maximum(ends, 1e-300))


def _classes(texts: Sequence[str]) -> list[list[int]]:
    return [[1 + SYMBOLS.index(symbol) for symbol in text] for text in texts]


def log_sum(values: Iterable[float]) -> float:
    """Add up probabilities that are given as logarithms."""
    total = -inf
    for value in values:
        total = _log_sum(total, value)
    return total


def _log_sum(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if b == -inf else a + log1p(exp(b - a))
