"""What a benchmark keeps says how it was measured, and nothing of the machine's folders."""

import json
import re

import measured
import pytest


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "RESULTS", tmp_path)
    return tmp_path


def test_the_command_is_kept_as_a_shell_takes_it_without_the_folders_of_this_machine(
    results, monkeypatch
):
    monkeypatch.setattr(
        "sys.argv", ["/home/me/speed.py", "--folder", "/home/me/runs", "--data", "with pens"]
    )
    measured.keep("speed", {"ratio": 0.5})
    kept = json.loads((results / "speed.json").read_text(encoding="utf-8"))
    assert kept["command"] == "python benchmarks/speed.py --folder runs --data 'with pens'"
    assert kept["figures"] == measured.recalled("speed") == {"ratio": 0.5}


def test_figures_are_merged_with_what_is_there_if_asked(results, monkeypatch):
    monkeypatch.setattr("sys.argv", ["speed.py"])
    measured.keep("speed", {"one": 1, "two": 2})
    measured.keep("speed", {"two": 3}, merge=True)
    assert measured.recalled("speed") == {"one": 1, "two": 3}
    measured.keep("speed", {"two": 3})
    assert measured.recalled("speed") == {"two": 3}


def test_no_result_names_a_folder_of_one_machine():
    for path in measured.RESULTS.glob("*.json"):
        assert not re.search(r'[ "]/\w', path.read_text(encoding="utf-8")), path.name
