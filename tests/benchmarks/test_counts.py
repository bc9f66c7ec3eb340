"""No operation calls more functions or needs more memory than the committed counts allow."""

import counts
import pytest
from counts import OPERATIONS, Growth, advice, count_calls, growths, peak_kib, shrunk
from results_store import load_results

COMMITTED = load_results("counts")["counts"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_has_not_grown(operation):
    prepare = OPERATIONS[operation]
    now = {operation: {"calls": count_calls(prepare()), "KiB of memory": peak_kib(prepare())}}
    grown = growths(COMMITTED, now)
    assert not grown, advice(grown)


def test_committed_counts_are_of_all_operations():
    assert set(COMMITTED) == {*OPERATIONS, counts.COMMAND}
    for name in OPERATIONS:
        assert set(COMMITTED[name]) == {"instructions", "calls", "KiB of memory"}


def test_growth_beyond_the_room_is_found_and_described():
    before = {"step": {"instructions": 1000.0, "calls": 10.0}}
    assert growths(before, {"step": {"instructions": 1100.0, "calls": 11.0}}) == []
    grown = growths(before, {"step": {"instructions": 1250.0}})
    assert grown == [Growth("step", "instructions", 1000.0, 1250.0)]
    assert "step: 1,250 instructions, 25% more than the 1,000" in advice(grown)
    assert "make counts ARGS=--update" in advice(grown)
    assert shrunk(before, {"step": {"instructions": 899.0}}) == ["step"]
    assert shrunk(before, {"step": {"instructions": 901.0}}) == []


def test_calls_of_python_and_c_functions_are_counted():
    def inner():
        return len([])

    def call():
        inner()
        inner()

    assert count_calls(inner) == 2 + 1  # sys.setprofile itself is called at the end
    assert count_calls(call) == 1 + 2 * 2 + 1


def test_memory_is_the_peak_and_not_what_remains():
    assert 1024 <= peak_kib(lambda: len(bytearray(2**20))) < 1100


def test_totals_of_a_callgrind_file_are_read():
    assert counts._total("events: Ir\nsummary: 12\n\nfn=(1)\n\ntotals: 345\n") == 345


def test_missing_valgrind_is_an_error_and_not_a_pass(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sys.argv", ["counts.py"])
    with pytest.raises(SystemExit, match="valgrind is missing"):
        counts.main()
