"""Contenders run in turns in their own processes; quartiles, ratios and the load are right."""

import sys

import interleaved
import numpy as np
import pytest
from interleaved import (
    Comparison,
    Contender,
    ContenderError,
    OutputsDifferError,
    check_equal,
    compare,
    described,
    merged,
    quartiles,
    ratios,
    si,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

MODULE = """
import os, time
import numpy as np

def sleeping(seconds, result=1.0):
    print("on standard output, which is the pipe of the answers")
    def call():
        time.sleep(seconds)
        return [result, float(os.environ["OPENBLAS_NUM_THREADS"])]
    return call

def allocating(mib):
    def call():
        np.ones(mib * 2**17)
    return call

def failing():
    raise ValueError("no data")
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module with contenders, which the processes can import."""
    (tmp_path / "contenders.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(interleaved, "ATTEMPTS", 1)


def comparison(ours, theirs, **options):
    return Comparison("sleeping", {"ours": ours, "theirs": theirs}, rounds=3, seconds=0, **options)


def test_times_are_of_one_item_and_ratios_of_the_same_round(module):
    slow = Contender("contenders:sleeping", {"seconds": 0.04})
    fast = Contender("contenders:sleeping", {"seconds": 0.02})
    row = compare(comparison(slow, fast, per_call=10, tolerance=0))
    assert row["measured"]["ours"]["wall_s"][0] >= 0.004
    assert row["measured"]["theirs"]["wall_s"][0] >= 0.002
    # Sleeping takes hardly any processor time.
    assert row["measured"]["ours"]["cpu_s"][1] < row["measured"]["ours"]["wall_s"][1] / 2
    assert row["ratios"]["theirs"][0] > 1
    assert "ratio" in described(row)


def test_each_process_has_its_own_threads_and_outputs_are_compared(module):
    one = Contender("contenders:sleeping", {"seconds": 0}, threads=1)
    two = Contender("contenders:sleeping", {"seconds": 0}, threads=2)
    with pytest.raises(OutputsDifferError, match="theirs does not compute the same as ours"):
        compare(comparison(one, two, tolerance=0.5))
    assert compare(comparison(one, two, tolerance=1))["threads"] == 1


def test_peak_memory_is_that_of_a_call(module):
    small = Contender("contenders:allocating", {"mib": 1})
    large = Contender("contenders:allocating", {"mib": 64})
    measured = compare(comparison(small, large, memory=True))["measured"]
    assert measured["ours"]["peak_mib"] < 16
    assert 60 < measured["theirs"]["peak_mib"] < 80


def test_failing_contender_is_reported(module):
    with pytest.raises(ContenderError, match="failing"):
        compare(comparison(Contender("contenders:failing"), Contender("contenders:failing")))


def test_quartiles_and_ratios():
    assert quartiles([4, 1, 2, 3, 5]) == [2, 3, 4]
    ours = [{"wall_s": seconds} for seconds in (1.0, 2.0, 3.0)]
    theirs = [{"wall_s": seconds} for seconds in (2.0, 2.0, 2.0)]
    assert ratios({"ours": ours, "theirs": theirs}) == {"theirs": [0.75, 1.0, 1.25]}


def test_outputs_within_the_tolerance_are_equal():
    check_equal({"ours": np.zeros(2), "theirs": np.full(2, 0.1)}, tolerance=0.2)
    with pytest.raises(OutputsDifferError):
        check_equal({"ours": np.zeros(2), "theirs": np.full(2, 0.1)}, tolerance=0.05)
    with pytest.raises(OutputsDifferError):
        check_equal({"ours": np.zeros(2), "theirs": np.zeros(3)}, tolerance=1)


def test_rows_that_were_measured_again_replace_the_old_ones():
    old = [{"work": "a", "threads": 1, "n": 1}, {"work": "a", "threads": 2, "n": 1}]
    new = [{"work": "b", "threads": 1, "n": 2}, {"work": "a", "threads": 1, "n": 2}]
    assert [(row["work"], row["threads"], row["n"]) for row in merged(old, new)] == [
        ("a", 1, 2),
        ("a", 2, 1),
        ("b", 1, 2),
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.234, "1.23 s"),
        (12.34, "12.3 s"),
        (0.1234, "123 ms"),
        (0.001234, "1.23 ms"),
        (12.3e-6, "12.3 us"),
        (0.0, "0 us"),
    ],
)
def test_times_have_three_digits(seconds, text):
    assert si(seconds) == text
