"""The table of training over workers: every figure in its column, and disturbed rows marked."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "docs"))
import worker_step_tables

ROW = {
    "recipe": "mlp",
    "seconds_a_step": {"1 worker": [1, 4e-3, 9], "2 workers": [1, 2e-3, 9]},
    "speedup_from_1_to_2_workers": [1, 1.98, 3],
    "parts": {"gradient_exchange": 3.5e-4},
    "others_cores": 0.1,
    "quiet": True,
}


@pytest.fixture
def figures(monkeypatch):
    rows = [ROW, ROW | {"recipe": "cnn", "quiet": False, "others_cores": 1.26}]
    monkeypatch.setattr(worker_step_tables, "load_figures", lambda name: {"rows": rows})
    return rows


def test_table_has_the_median_of_each_kind(figures):
    head, _, first, second = worker_step_tables.steps().splitlines()
    assert "| 1 worker | 2 workers | from 1 to 2 workers |" in head
    assert first == "| `mlp` | 4.00 ms | 2.00 ms | 1.98 | 350 us |"
    assert second == "| `cnn` | 4.00 ms | 2.00 ms | 1.98 † | 350 us |"


def test_disturbance_is_told(figures):
    assert "other processes used up to 1.3 cores" in worker_step_tables.others()
    figures.pop()
    assert worker_step_tables.others() == "Nothing else ran on the machine."
