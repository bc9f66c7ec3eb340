"""The table of faults, of made-up figures."""

import pytest
import scale_fault_tables

KILLS = [
    {"at_s": [1.0], "run_s": 9.0, "differs": []},
    {"at_s": [8.24], "run_s": 12.0, "differs": []},
]
FIGURES = {
    "workers": {"run_without_s": 7.0, "kills": KILLS},
    "moments": {"run_s": 11.4, "differs": []},
    "picture": {"deaths": 5, "run_s": 20.0, "errors": ["3 workers died."]},
    "memory": {"skipped": "not here"},
    "disk": {"ends": ["No space left on device"] * 3, "half_written": [], "differs": []},
    "node": {"run_s": 13.0, "differs": []},
    "driver": {"parts_at_kills": [8, 16], "differs": []},
    "head": {"status": 1, "status_when_continued": 0},
}


@pytest.fixture
def lines(monkeypatch):
    """A function that returns the lines of the table of figures that are partly changed."""

    def of(**changed):
        figures = {name: part | changed.get(name, {}) for name, part in FIGURES.items()}
        monkeypatch.setattr(scale_fault_tables, "load_figures", lambda name: figures)
        return scale_fault_tables.faults().splitlines()[2:]

    return of


def test_each_fault_that_was_tried_has_a_line(lines):
    assert len(lines()) == len(FIGURES) - 1
    assert "in 2 runs: 1.0 to 8.2 s after their start" in lines()[0]
    assert "the same bytes, in 12 s at most instead of 7 s" in lines()[0]
    assert lines()[1].endswith("| the same bytes | 11 s |")
    assert 'after 5 deaths, a row: "3 workers died."' in lines()[2]
    assert "it ended with status 1; complete when run again" in lines()[-1]


@pytest.mark.parametrize("part", ["moments", "disk", "node", "driver"])
def test_results_that_differ_are_said(lines, part):
    assert sum("2 files differ" in line for line in lines(**{part: {"differs": ["a", "b"]}})) == 1


def test_results_of_any_run_that_differ_are_said(lines):
    kills = [KILLS[0], KILLS[1] | {"differs": ["a"]}]
    assert "1 files differ" in lines(workers={"kills": kills})[0]


def test_half_written_files_are_said(lines):
    assert any("1 files half written" in line for line in lines(disk={"half_written": ["a"]}))


def test_figures_may_be_missing(monkeypatch):
    monkeypatch.setattr(scale_fault_tables, "load_figures", lambda name: {})
    assert len(scale_fault_tables.faults().splitlines()) == 2
