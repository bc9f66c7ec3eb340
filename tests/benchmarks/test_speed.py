"""`make bench` runs every benchmark of speed, also after one has failed."""

import pytest
import speed
from speed import BENCHMARKS, HERE, WITH_ROUNDS


def test_benchmarks_exist():
    assert all((HERE / f"{name}.py").exists() for name in BENCHMARKS)
    assert set(WITH_ROUNDS) < set(BENCHMARKS)


def test_a_failure_does_not_stop_the_others_and_is_reported(tmp_path, monkeypatch, capfd):
    for name, code in {"one": "raise SystemExit(1)", "two": "print('two ran')"}.items():
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setattr(speed, "HERE", tmp_path)
    monkeypatch.setattr(speed, "BENCHMARKS", ("one", "two"))
    monkeypatch.setattr("sys.argv", ["speed.py"])
    with pytest.raises(SystemExit, match="failed: one"):
        speed.main()
    assert "two ran" in capfd.readouterr().out
