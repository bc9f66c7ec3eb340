"""The table of docs/scale.md, made from the benchmark's results."""

import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = {
    "seconds": {
        "one process": {"10": 1.0, "1000": 4.2},
        "two workers on Ray": {"10": 8.04, "1000": 10.0},
    },
    "lines": {
        "one process": {"start_s": 1.0, "picture_ms": 3.2},
        "two workers on Ray": {"start_s": 8.0, "picture_ms": 1.8},
    },
    "crossings": [
        {"faster": "two workers on Ray", "than": "one process", "from_pictures": 5123.4},
        {"faster": "one process", "than": "two workers on Ray", "from_pictures": None},
    ],
}


@pytest.fixture
def table(monkeypatch):
    for folder in (DOCS, DOCS / "models"):
        monkeypatch.syspath_prepend(str(folder))
    import crossover_table

    yield crossover_table
    sys.modules.pop("crossover_table")


def test_table_says_where_the_ways_cross(table, monkeypatch, tmp_path):
    monkeypatch.setattr(table, "RESULTS", tmp_path / "crossover.json")
    table.RESULTS.write_text(json.dumps({"figures": FIGURES}), encoding="utf-8")
    lines = table.results().splitlines()
    assert lines[0] == "|  | 10 pictures | 1,000 pictures | start | a picture |"
    assert lines[3] == "| two workers on Ray | 8.0 s | 10.0 s | 8.0 s | 1.8 ms |"
    assert lines[-1] == (
        "Two workers on Ray overtook one process at 5,100 pictures. "
        "One process never caught up with two workers on Ray."
    )
