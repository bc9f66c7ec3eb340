"""Results record how they were measured, without the machine's folders."""

import json
import re

import pytest
import results_store


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(results_store, "RESULTS", tmp_path)
    return tmp_path


def test_command_is_quoted_for_a_shell_and_contains_no_local_folders(results, monkeypatch):
    monkeypatch.setattr(
        "sys.argv",
        ["/home/me/speed.py", "--folder", "/home/me/runs", "--data", "MNIST + Pendigits"],
    )
    results_store.save_results("speed", {"ratio": 0.5})
    saved = json.loads((results / "speed.json").read_text(encoding="utf-8"))
    assert saved["command"] == "python benchmarks/speed.py --folder runs --data 'MNIST + Pendigits'"
    assert saved["figures"] == results_store.load_results("speed") == {"ratio": 0.5}


def test_merge_keeps_figures_under_other_keys(results, monkeypatch):
    monkeypatch.setattr("sys.argv", ["speed.py"])
    results_store.save_results("speed", {"one": 1, "two": 2})
    results_store.save_results("speed", {"two": 3}, merge=True)
    assert results_store.load_results("speed") == {"one": 1, "two": 3}
    results_store.save_results("speed", {"two": 3})
    assert results_store.load_results("speed") == {"two": 3}


def test_results_contain_no_local_folders():
    for path in results_store.RESULTS.glob("*.json"):
        assert not re.search(r'[ "]/\w', path.read_text(encoding="utf-8")), path.name


def test_fingerprint_changes_with_code_and_settings():
    one = results_store.fingerprint("nn", "arrays")
    assert one == results_store.fingerprint("nn", "arrays")
    others = (
        results_store.fingerprint("nn"),
        results_store.fingerprint("nn", "arrays", settings="epochs=2"),
    )
    assert one not in others


def test_fingerprint_of_a_missing_part_fails():
    with pytest.raises(FileNotFoundError, match="nonsense"):
        results_store.fingerprint("nn", "nonsense")
