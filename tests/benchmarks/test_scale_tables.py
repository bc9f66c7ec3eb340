"""Tables of scale.md: every figure in its column, and disturbed rows marked."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "docs"))
import readme_tables
import scale_tables

MIB = 2**20


def contender(rate, **changes):
    return {
        "rate": [1, rate, 3],
        "cpu_s": [1, 5e-4, 2],
        "start_s": [1, 4.0, 5],
        "ours_over_it": [0.4, 0.5, 0.6],
        "all_mib": 1_234.4,
        "others_cores": 0.1,
        "quiet": True,
    } | changes


SCALING = {
    "rates": {
        "contenders": {
            "in memory": {"1": contender(2_100)},
            "one process": {"1": contender(2_000, cpu_s=[0, 0.0004, 1])},
            "Ray": {
                "1": contender(2_000),
                "2": contender(3_800, quiet=False, others_cores=0.7),
                "efficiency": [0.9, 0.95, 0.96],
            },
            "other": {
                "1": contender(4_000),
                "2": contender(7_600, start_s=[0, 0.5, 1]),
                "efficiency": [0.9, 0.95, 0.96],
            },
        },
        "beyond_recognition": {
            "one process": [0.01, 0.02, 0.03],
            "Ray": [0.05, 0.061, 0.07],
        },
    },
    "memory": [
        {
            "x": 1_000,
            "wall_s": 2.0,
            "driver_bytes": 100 * MIB,
            "worker_bytes": 200 * MIB,
            "all_bytes": 1_300 * MIB,
        }
    ],
}
SCENARIO = {
    "name": "the plan: shards",
    "loads": {"workers": 340.0, "driver": 47.0, "requests": 18_000.0},
    "bound": "workers",
    "seconds": 350.0,
    "efficiency": 0.94,
    "driver_busy": 0.13,
    "lost_nodes": 5,
    "repeated": 160,
    "machines_usd": 7.4,
    "requests_usd": 1.2,
}
PLAN = {
    "costs": {"picture_s": 5e-4, "part_s": 2e-3, "driver_s": 4.7e-4, "start_s": 4.0},
    "picture_bytes": 3_521.3,
    "result_bytes": 48.7,
    "check": [{"workers": 2, "simulated": 3_920.0, "measured": 4_000.0}],
    "scenarios": [SCENARIO, SCENARIO, SCENARIO, SCENARIO | {"bound": "requests"}],
    "growth": [
        {"part_size": 250, "nodes": [10, 1_000], "efficiency": [0.95, 0.12], "most_workers": 240.4}
    ],
}


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(readme_tables, "RESULTS", tmp_path)
    for name, figures in (("scaling", SCALING), ("scale_plan", PLAN)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"figures": figures}))


def cells(markdown):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in markdown.splitlines()[2:]]


def test_rates():
    alone, _, ours, other = cells(scale_tables.rates())
    assert alone == ["in memory", "2,100", "", "", "", "4.00 s", "1,234 MiB"]
    efficiency = "0.95 (0.90 to 0.96)"
    assert ours == ["Ray", "2,000", "3,800 †", efficiency, "", "4.00 s", "1,234 MiB"]
    assert other[4:6] == ["0.50 (0.40 to 0.60)", "500 ms"]
    assert scale_tables.quiet() == (
        "Other processes used at most 0.70 cores meanwhile, and 1 of 6 figures are marked with †.\n"
    )


def test_costs():
    assert cells(scale_tables.beyond_recognition())[1:] == [
        ["one process", "400 us", "2.0% (1.0% to 3.0%)", ""],
        ["Ray", "500 us", "6.1% (5.0% to 7.0%)", "25.0%"],
    ]
    assert cells(scale_tables.memory()) == [["1,000", "100 MiB", "200 MiB", "1,300 MiB", "500"]]
    assert [line[1] for line in cells(scale_tables.costs())] == [
        "500 us", "2.00 ms", "470 us", "4.00 s", "3,521 bytes", "49 bytes",
    ]  # fmt: skip


def test_plan():
    assert cells(scale_tables.check()) == [["2", "3,920", "4,000", "-2%"]]
    lines = cells(scale_tables.loads())
    assert lines[0] == ["workers", "**6 min**", "**6 min**", "6 min"]
    assert lines[1][1:] == ["47 s"] * 3
    assert lines[2][1:] == ["5.0 h", "5.0 h", "**5.0 h**"]
    first = cells(scale_tables.scenarios())[0]
    assert first[1:] == ["6 min", "94%", "13%", "5", "160", "$7 + $1", "workers"]
    assert cells(scale_tables.growth()) == [["250", "95%", "12%", "240"]]
