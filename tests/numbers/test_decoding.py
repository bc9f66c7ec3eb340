"""The search finds what adding up all paths finds, with and without constraints."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from inkdigits.numbers import Constraints, decoding
from inkdigits.numbers.line_model import SYMBOLS

CLASSES = 1 + len(SYMBOLS)


def columns_of(*rows):
    """Make columns in which the named symbols share the probability; "_" is the blank."""
    columns = np.full((len(rows), CLASSES), 1e-12)
    for column, row in zip(columns, rows, strict=True):
        for symbol, probability in row.items():
            column[0 if symbol == "_" else 1 + SYMBOLS.index(symbol)] = probability
    return np.log(columns / columns.sum(axis=1, keepdims=True))


def sums_over_paths(columns, symbols):
    """Add up the probabilities of all paths over some symbols and the blank, by their text."""
    sums = defaultdict(float)
    classes = [0, *(1 + SYMBOLS.index(symbol) for symbol in symbols)]
    for path in itertools.product(classes, repeat=len(columns)):
        merged = [k for k, _ in itertools.groupby(path)]
        text = "".join(SYMBOLS[k - 1] for k in merged if k)
        sums[text] += math.exp(sum(columns[t, k] for t, k in enumerate(path)))
    return sums


@pytest.fixture
def columns(monkeypatch):
    """Columns that are far less sure than those of a network, so the beam is wider."""
    monkeypatch.setattr(decoding, "BEAM", 10_000)
    monkeypatch.setattr(decoding, "BEAM_EACH_LENGTH", 10_000)
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(4, 0.7), 6)
    return columns_of(*(dict(zip("_18.", row, strict=True)) for row in shares))


def test_search_adds_up_all_paths_of_a_text(columns):
    sums = sums_over_paths(columns, "18.")
    found = decoding.search(columns)
    best = sorted(sums, key=sums.get, reverse=True)
    assert [text.written for text in found[:5]] == best[:5]
    for text in found[:5]:
        assert text.score == pytest.approx(math.log(sums[text.written]), abs=0.02)


def test_search_with_constraints_finds_the_best_text_that_satisfies_them(columns):
    sums = sums_over_paths(columns, "18.")
    for constraints in (
        Constraints(length=1),
        Constraints(length=4),
        Constraints(pattern="8.*1"),
        Constraints(length=2, checksum="luhn"),
    ):
        allowed = {
            text: share
            for text, share in sums.items()
            if constraints.allows("".join(filter(str.isdigit, text)))
        }
        found = decoding.search(columns, constraints)
        assert all(constraints.allows(text.digits) for text in found)
        assert found[0].written == max(allowed, key=allowed.get)


def test_length_that_the_line_hardly_supports_is_found():
    columns = columns_of({"1": 0.99, "7": 0.01}, {"_": 1.0}, {"2": 0.999, "_": 0.001}, {"_": 1.0})
    assert decoding.search(columns)[0].written == "12"
    assert decoding.search(columns, Constraints(length=1))[0].digits in ("1", "2")


def test_score_of_choices_is_exact_whatever_separators_there_are():
    columns = columns_of(
        {"1": 0.6, "7": 0.4}, {".": 0.9, "_": 0.1}, {"5": 0.7, "6": 0.3}, {"_": 0.5, "-": 0.5}
    )
    scores = {
        text.written: math.exp(text.score)
        for text in decoding.score_choices(columns, ["15", "75", "76", "1"])
    }
    assert list(scores) == ["15", "75", "76", "1"]
    assert scores["15"] == pytest.approx(0.42, rel=1e-3)
    assert scores["76"] == pytest.approx(0.12, rel=1e-3)
    assert scores["1"] < 1e-6


def test_scores_of_many_choices_do_not_depend_on_each_other(columns):
    texts = ["".join(each) for n in (1, 2, 3) for each in itertools.product("18", repeat=n)]
    together = {text.written: text.score for text in decoding.score_choices(columns, texts)}
    for text in texts:
        (alone,) = decoding.score_choices(columns, [text])
        assert together[text] == pytest.approx(alone.score)


def test_align_finds_the_column_of_each_symbol():
    columns = columns_of(
        {"_": 1.0}, {"1": 0.6, "_": 0.4}, {"1": 0.9, "_": 0.1}, {"_": 1.0}, {"1": 1.0},
        {"2": 0.3, "_": 0.7}, {"2": 0.8, "_": 0.2},
    )  # fmt: skip
    first, second = decoding.align(columns, ["112", "12"])
    assert first.tolist() == [2, 4, 6]
    assert second.tolist()[1] == 6


def test_log_sum_adds_probabilities():
    assert decoding.log_sum([math.log(0.25), math.log(0.5), -math.inf]) == pytest.approx(
        math.log(0.75)
    )
    assert decoding.log_sum([]) == -math.inf


def test_certain_blanks_are_merged_without_changing_the_result():
    sure = {"_": 0.9999, "1": 0.00005, "8": 0.00005}
    columns = columns_of({"_": 0.1, "1": 0.9}, *[sure] * 6, {"_": 0.3, "8": 0.3, "1": 0.4})
    sums = sums_over_paths(columns, "18")
    found = decoding.search(columns, Constraints(length=2))
    assert [text.written for text in found[:2]] == ["11", "18"]
    for text in found[:2]:
        assert text.score == pytest.approx(math.log(sums[text.written]), abs=0.01)
    # A digit that the network hardly sees, before, in and after the run of blanks.
    for text in ("111", "118", "181"):
        constrained = decoding.search(columns, Constraints(pattern=text))[0]
        (choice,) = decoding.score_choices(columns, [text])
        for score in (constrained.score, choice.score):
            assert score == pytest.approx(math.log(sums[text]), abs=0.7)
