"""Texts are chosen together if one is the sum of others."""

import pytest

from inkdigits.forms.sums import settle
from inkdigits.numbers import Candidate


def texts(*pairs):
    return [Candidate(text, probability) for text, probability in pairs]


def test_doubtful_addend_is_decided_by_the_sum():
    settled = settle(
        "total",
        ["a", "b"],
        {
            "a": texts(("17", 0.6), ("11", 0.38)),
            "b": texts(("20", 0.99)),
            "total": texts(("31", 0.97), ("37", 0.01)),
        },
    )
    assert settled["a"].candidates[0].text == "11"
    assert settled["a"].candidates[0].probability > 0.9
    assert not settled["a"].is_broken


def test_sure_texts_that_do_not_add_up_stay_and_are_marked():
    sure = {"a": texts(("12", 0.999)), "b": texts(("3", 0.999)), "total": texts(("16", 0.999))}
    settled = settle("total", ["a", "b"], sure)
    assert [settled[name].candidates[0].text for name in ("a", "b", "total")] == ["12", "3", "16"]
    assert all(each.is_broken for each in settled.values())


def test_empty_addend_counts_as_zero():
    settled = settle(
        "total",
        ["a", "b"],
        {"a": texts(("", 1.0)), "b": texts(("5", 0.9)), "total": texts(("5", 0.9))},
    )
    assert not settled["total"].is_broken
    assert settled["b"].candidates[0].probability > 0.98


def test_many_addends_are_settled_in_time():
    names = [f"a{number}" for number in range(20)]
    some = texts(("1", 0.9), ("7", 0.05), ("2", 0.02), ("4", 0.01), ("9", 0.01))
    settled = settle("total", names, {**dict.fromkeys(names, some), "total": texts(("20", 0.9))})
    assert not settled["total"].is_broken
    assert settled["a0"].candidates[0].probability == pytest.approx(1, abs=0.2)
