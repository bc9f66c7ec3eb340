"""Attacks are measured, and their figures are summarized and formatted correctly."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import run_attacks
from attacks import ATTACKS
from overload import overload_table
from raw_requests import Response
from rich.console import Console

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

FIGURES = {
    "seconds": 5.0,
    "slowest_request_s": 5.674,
    "responses": {"415": 2, "closed": 1},
    "note": "slowest: PNG",
    "idle_mib": 300.0,
    "peak_increase_mib": 1390.4,
    "increase_5_s_after_mib": -42.4,
    "cpu_s_in_the_5_s_after": 0.2,
    "clients": {
        "drawings": {"sent": 59, "status_200": 57, "median_ms": 779.4, "max_ms": 5524.0},
        "health": {"sent": 60, "status_200": 60, "median_ms": 8.0, "max_ms": 474.0},
    },
}


def printed(table):
    file = io.StringIO()
    Console(file=file, width=240).print(table)
    return file.getvalue()


def test_summary_of_a_client_includes_failures():
    responses = [Response("200", 0.01), Response("503", 0.02), Response("no response", 15.0)]
    assert run_attacks.summary(responses) == {
        "sent": 3,
        "status_200": 1,
        "median_ms": pytest.approx(20),
        "max_ms": pytest.approx(15_000),
    }
    assert run_attacks.summary([])["sent"] == 0


def test_cells_show_the_figures():
    assert run_attacks.cells(FIGURES) == [
        "5.67 s",
        "+1,390 MiB",
        "-42 MiB",
        "0.2 s",
        "57 of 59 answered; median 779, max 5,524 ms",
        "60 of 60 answered; median 8, max 474 ms",
        "2x 415, 1x closed. slowest: PNG",
    ]


def test_cells_of_a_skipped_attack_show_the_reason():
    cells = run_attacks.cells({"skipped": "mount failed: permission denied"})
    assert len(cells) == len(run_attacks.cells(FIGURES))
    assert cells[-1] == "skipped: mount failed: permission denied"


def test_attack_table_groups_runs_by_attack():
    runs = {
        "before": {"attacks": {"one": FIGURES, "removed": FIGURES}, "overload": []},
        "after": {"attacks": {"one": FIGURES, "new": FIGURES}, "overload": []},
    }
    names = [line.split("│")[1:3] for line in printed(run_attacks.attack_table(runs)).splitlines()]
    rows = [tuple(word.strip() for word in row) for row in names if row]
    assert [row for row in rows if row[1] in runs] == [
        ("one", "before"),
        ("one", "after"),
        ("removed", "before"),
        ("new", "after"),
    ]


def test_overload_table_has_a_column_per_run_and_load():
    row = {"multiple": 10, "goodput": 44.0, "accepted_p99_ms": None}
    runs = {"before": {"overload": [row]}, "after": {"overload": [row | {"goodput": 99.5}]}}
    text = printed(overload_table(runs))
    assert "before, 10x" in text
    assert "after, 10x" in text
    (line,) = (line for line in text.splitlines() if "goodput" in line)
    assert line.split() == ["│", "goodput", "│", "44", "│", "99.5", "│"]
    assert printed(overload_table({"before": {"overload": []}}))


def test_attack_on_a_server_measures_server_and_other_clients(tmp_path, monkeypatch):
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(run_attacks, "AFTER_S", 0.1)
    attack = next(attack for attack in ATTACKS if attack.title == "malformed requests")
    with ThreadPoolExecutor(1) as attackers:
        figures = run_attacks.measure(attack, tmp_path, attackers)
    assert sum(figures["responses"].values()) == 6
    assert figures["note"].startswith("incomplete chunked body: ")
    assert figures["idle_mib"] > 20
    assert figures["peak_increase_mib"] >= figures["increase_5_s_after_mib"]
    for name in run_attacks.CLIENTS:
        client = figures["clients"][name]
        assert 1 <= client["status_200"] <= client["sent"]
    assert len(run_attacks.cells(figures)) == 7


def test_attack_titles_are_unique():
    titles = [attack.title for attack in ATTACKS]
    assert len(set(titles)) == len(titles)
