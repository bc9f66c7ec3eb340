"""Tables of the documentation: every figure in its column, and disturbed rows marked."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "docs"))
import performance_tables
import readme_tables

ROW = {
    "work": "digits, per picture",
    "threads": 2,
    "measured": {
        "inkdigits": {"wall_s": [1e-3, 2e-3, 3e-3], "cpu_s": [1, 4e-3, 9], "peak_mib": 12.4},
        "other": {"wall_s": [1, 4, 9], "cpu_s": [1, 2, 3], "peak_mib": 20.6},
    },
    "ratios": {"other": [0.4, 0.5, 0.6]},
    "others_cores": 0.1,
    "quiet": True,
}
SERVICE = {
    "work": "service, PNG of 28x28, 16 connections",
    "threads": 2,
    "measured": {
        name: {"rate": [1, rate, 3], "p50_ms": [1, 2, 3], "p99_ms": [4, 5, 6], "cpu_us": [7, 8, 9]}
        for name, rate in (("inkdigits", 1000), ("other", 2000))
    },
    "rate_ratios": {"other": [0.4, 0.5, 0.6]},
    "others_cores": 0.7,
    "quiet": False,
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Write results: `save(name, figures)`."""
    monkeypatch.setattr(readme_tables, "RESULTS", tmp_path)

    def save(name, figures):
        (tmp_path / f"{name}.json").write_text(json.dumps({"figures": figures}))

    return save


def cells(markdown):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in markdown.splitlines()[2:]]


def test_times_and_memory(results):
    results("some", {"rows": [ROW]})
    (line,) = cells(performance_tables.times("some"))
    assert line == [
        "digits, per picture", "2", "2.00 ms (CPU 4.00 ms)",
        "other", "4.00 s", "0.50 (0.40 to 0.60)",
    ]  # fmt: skip
    assert cells(performance_tables.memory("some")) == [
        ["digits", "2", "inkdigits 12 MiB, other 21 MiB"]
    ]


def test_processor_time_is_compared_with_that_before(results):
    measured = {"inkdigits": ROW["measured"]["inkdigits"], "before": ROW["measured"]["other"]}
    results("some", {"rows": [ROW | {"measured": measured}]})
    ours, _ = cells(performance_tables.cpu_times("some"))
    ratio = measured["inkdigits"]["cpu_s"][1] / measured["before"]["cpu_s"][1]
    assert ours[1:] == ["inkdigits", "2.00 ms", "4.00 ms", f"{ratio:.2f}"]


def test_row_without_a_peer_has_empty_cells(results):
    alone = ROW | {"measured": {"inkdigits": ROW["measured"]["inkdigits"]}, "ratios": {}}
    results("some", {"rows": [alone]})
    assert cells(performance_tables.times("some"))[0][3:] == ["", "", ""]


def test_service(results):
    results("serving", {"rows": [SERVICE]})
    ours, theirs = cells(performance_tables.service())
    assert ours[2:] == ["inkdigits", "1,000", "", "2 ms", "5 ms", "8 us"]
    assert theirs[2:] == ["other", "2,000", "0.50 (0.40 to 0.60) †", "2 ms", "5 ms", "8 us"]
    assert cells(readme_tables.rates()) == [["PNG of 28x28, 16 connections", "0.50 †"]]


def test_disturbed_rows_are_counted(results, monkeypatch):
    monkeypatch.setattr(performance_tables, "BENCHMARKS", ("some", "serving"))
    results("some", {"rows": [ROW]})
    results("serving", {"rows": []})
    assert performance_tables.quiet() == "Other processes used at most 0.10 cores during a row.\n"
    results("serving", {"rows": [SERVICE]})
    assert "except the 1 of 2 rows that are marked with †" in performance_tables.quiet()


def test_readme_shows_both_numbers_of_threads(results, monkeypatch):
    monkeypatch.setattr(readme_tables, "SPEED", (("some", ROW["work"], "other", None),))
    results("some", {"rows": [ROW, ROW | {"threads": 1, "quiet": False}]})
    assert cells(readme_tables.peers()) == [["digits, per picture", "other", "0.50 †", "0.50"]]


def test_limits_and_layers(results):
    layers = [{"layer": "Dense", "forward_s": 1e-3, "backward_s": 2e-3}]
    step = {"flop": 2e9, "step_s": 5e-3, "products_s": 4e-3, "layers": layers}
    one = {"flop": 2e6, "pass_s": 1e-4, "layers": [{"layer": "Dense", "forward_s": 9e-5}]}
    figures = {"large_product_gflops": 100.0, "step": step, "pass": one}
    results("physical_limit", {"1": figures, "2": figures})
    lines = cells(performance_tables.limits())
    assert lines[0] == ["a large matrix product", "100 GFLOP/s", "100 GFLOP/s"]
    assert lines[1][1] == "20.0 ms"
    assert lines[2][1] == "4.00 ms"
    assert lines[3][1] == "5.00 ms, 400 GFLOP/s"
    dense, rest = cells(performance_tables.layers())
    assert dense == ["Dense", "1.00 ms", "2.00 ms", "90.0 us"]
    assert rest[1] == "2.00 ms"
