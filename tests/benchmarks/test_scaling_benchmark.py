"""The scaling benchmark: rates, efficiencies, and contenders that must recognize the same."""

import subprocess
import sys
import time

import pytest
import scaling
from process_times import own_cpu_s
from process_watch import ProcessWatch
from scaling_contenders import EMPTY, measure

MEMORY = {"driver_bytes": 2**20, "worker_bytes": 2**21, "all_bytes": 2**22}


def took(wall_s, cpu_s, start_s=1.0, others_cores=0.1):
    return {
        "start_s": start_s,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "others_cores": others_cores,
        **MEMORY,
    }


def test_rate_is_of_the_difference_and_the_rest_is_the_start():
    row = scaling.rate_of(took(3.0, 2.0), took(7.0, 5.0), difference=2_000, pictures=500)
    assert row["rate"] == pytest.approx(500)
    assert row["cpu_s"] == pytest.approx(3 / 2_000)
    assert row["start_s"] == pytest.approx(1 + 3 - 1)


def test_rate_is_never_negative():
    row = scaling.rate_of(took(9.0, 2.0), took(5.0, 5.0), difference=2_000, pictures=500)
    assert row["rate"] == pytest.approx(500)


def test_missing_or_different_digits_are_refused():
    expected = [(f"{number:03}", number % 10) for number in range(100)]
    scaling.check_same("Ray", list(expected), expected)
    with pytest.raises(scaling.MeasurementError, match="the same pictures"):
        scaling.check_same("Ray", expected[1:], expected)
    changed = [("000", 9), *expected[1:]]
    with pytest.raises(scaling.MeasurementError, match="1 of 100 differently"):
        scaling.check_same("Ray", changed, expected)
    scaling.check_same(scaling.OTHER_NETWORK, changed, expected)
    with pytest.raises(scaling.MeasurementError, match="3 of 100 differently"):
        scaling.check_same(
            scaling.OTHER_NETWORK, [(key, None) for key, _ in expected[:3]] + expected[3:], expected
        )


def test_efficiency_and_costs_beyond_recognition_are_of_the_same_round():
    def rows(*values):
        return [
            {"rate": rate, "cpu_s": cpu_s, "start_s": 0.0, "others_cores": others, **MEMORY}
            for rate, cpu_s, others in values
        ]

    rounds = {
        ("in memory", 1): rows((1_000, 1e-3, 0), (500, 2e-3, 0)),
        ("Ray", 1): rows((900, 1.1e-3, 0), (450, 2.2e-3, 0.5)),
        ("Ray", 2): rows((1_620, 1.2e-3, 0), (810, 2e-3, 0)),
    }
    summary = scaling.summary_of(rounds, scaling.QUICK)
    ours = summary["contenders"]["Ray"]
    assert ours["efficiency"] == pytest.approx([0.9] * 3)
    assert not ours["1"]["quiet"]
    assert ours["2"]["quiet"]
    assert ours["2"]["all_mib"] == 4
    assert summary["contenders"]["in memory"]["1"]["ours_over_it"] == pytest.approx([0.9] * 3)
    assert summary["beyond_recognition"] == {"Ray": pytest.approx([0.1] * 3)}


def test_process_that_has_ended_is_counted_as_it_was_last_seen():
    watch = ProcessWatch()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        while own_cpu_s(process.pid) < 0.2:
            time.sleep(0.01)
        watch.look()
        process.kill()
    row = watch.stop()
    assert row["cpu_s"] - row["driver_cpu_s"] > 0.15  # in ticks of the system
    assert row["all_bytes"] > row["driver_bytes"] > row["worker_bytes"] > 0


def test_watch_measures_this_process():
    watch, start = ProcessWatch(), time.process_time()
    while time.process_time() < start + 0.1:
        pass
    row = watch.stop()
    assert row["driver_cpu_s"] >= 0.09  # without its looks
    assert row["cpu_s"] >= 0.06  # in ticks of the system


def test_watch_does_not_count_its_own_looks():
    watch, start = ProcessWatch(), time.process_time()
    while time.process_time() < start + 0.2:
        watch.look()
    row = watch.stop()
    assert row["driver_cpu_s"] < 0.1
    assert row["cpu_s"] < 0.1


@pytest.mark.ray
def test_contenders_in_one_process_recognize_the_same(packaged_splits, tmp_path, monkeypatch):
    import sharded_pictures
    from sharded_pictures import link_shards, read_digits, write_shards

    images = packaged_splits[1].images
    monkeypatch.setattr(sharded_pictures, "digit_images", lambda count: images[:count])
    write_shards(tmp_path / "shards", count=24, shard_size=10, side=28)
    link_shards(tmp_path / "linked", tmp_path / "shards", count=6)
    folders = [tmp_path / "shards", tmp_path / "linked"]
    found = {}
    for name in ("in memory", "one process", "`recognize_many`"):
        out = tmp_path / f"results of {name}"
        out.mkdir()
        lines = list(measure(name, 1, folders, out))
        assert all(line["wall_s"] > 0 for line in lines)
        found[name] = [sorted(read_digits(out / number)) for number in "01"]
    first = found["in memory"]
    assert [len(rows) for rows in first] == [24, 48]
    assert len({digit for _, digit in first[0]}) > 5
    assert all(rows == first for rows in found.values())


def test_empty_parts_are_not_a_contender():
    assert EMPTY not in scaling.CONTENDERS
