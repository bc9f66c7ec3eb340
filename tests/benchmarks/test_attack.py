"""The table of attacks says what was measured, and what others felt is summed up rightly."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import attack
import pytest
from attacks import ATTACKS
from overload import overload_table
from raw_requests import Answer
from rich.console import Console

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

FIGURES = {
    "seconds": 5.0,
    "worst request, s": 5.674,
    "answers": {"415": 2, "closed": 1},
    "note": "slowest: PNG",
    "MiB when idle": 300.0,
    "MiB more at worst": 1390.4,
    "MiB more 5 s after": -42.4,
    "processor s in the 5 s after": 0.2,
    "others": {
        "drawings": {"sent": 59, "answered 200": 57, "median_ms": 779.4, "worst_ms": 5524.0},
        "health": {"sent": 60, "answered 200": 60, "median_ms": 8.0, "worst_ms": 474.0},
    },
}


def printed(table):
    file = io.StringIO()
    Console(file=file, width=240).print(table)
    return file.getvalue()


def test_failures_count_in_how_a_client_was_served():
    answers = [Answer("200", 0.01), Answer("503", 0.02), Answer("no answer", 15.0)]
    assert attack.served(answers) == {
        "sent": 3,
        "answered 200": 1,
        "median_ms": pytest.approx(20),
        "worst_ms": pytest.approx(15_000),
    }
    assert attack.served([])["sent"] == 0


def test_cells_say_what_was_measured():
    assert attack.cells(FIGURES) == [
        "5.67 s",
        "+1,390 MiB",
        "-42 MiB",
        "0.2 s",
        "57 of 59 answered; median 779, worst 5,524 ms",
        "60 of 60 answered; median 8, worst 474 ms",
        "2x 415, 1x closed. slowest: PNG",
    ]


def test_attack_that_was_left_out_says_why():
    cells = attack.cells({"left out": "mount failed: permission denied"})
    assert len(cells) == len(attack.cells(FIGURES))
    assert cells[-1] == "left out: mount failed: permission denied"


def test_runs_stand_below_each_other():
    runs = {
        "before": {"attacks": {"one": FIGURES, "gone since": FIGURES}, "overload": []},
        "after": {"attacks": {"one": FIGURES, "new": FIGURES}, "overload": []},
    }
    names = [line.split("│")[1:3] for line in printed(attack.attack_table(runs)).splitlines()]
    rows = [tuple(word.strip() for word in row) for row in names if row]
    assert [row for row in rows if row[1] in runs] == [
        ("one", "before"),
        ("one", "after"),
        ("gone since", "before"),
        ("new", "after"),
    ]


def test_loads_of_all_runs_are_columns_of_one_table():
    row = {"times": 10, "goodput/s": 44.0, "accepted, p99 ms": None}
    runs = {"before": {"overload": [row]}, "after": {"overload": [row | {"goodput/s": 99.5}]}}
    text = printed(overload_table(runs))
    assert "before, 10 times" in text
    assert "after, 10 times" in text
    (line,) = (line for line in text.splitlines() if "goodput" in line)
    assert line.split() == ["│", "goodput/s", "│", "44", "│", "99.5", "│"]
    assert printed(overload_table({"before": {"overload": []}}))


def test_attack_on_a_server_is_measured_with_what_others_felt(tmp_path, monkeypatch):
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(attack, "AFTER_S", 0.1)
    chosen = next(one for one in ATTACKS if one.title == "malformed requests")
    with ThreadPoolExecutor(1) as attackers:
        figures = attack.measure(chosen, tmp_path, attackers)
    assert sum(figures["answers"].values()) == 6
    assert figures["note"].startswith("unfinished chunked body: ")
    assert figures["MiB when idle"] > 20
    assert figures["MiB more at worst"] >= figures["MiB more 5 s after"]
    for client in attack.CLIENTS:
        felt = figures["others"][client]
        assert 1 <= felt["answered 200"] <= felt["sent"]
    assert len(attack.cells(figures)) == 7


def test_titles_of_attacks_are_unique():
    titles = [one.title for one in ATTACKS]
    assert len(set(titles)) == len(titles)
