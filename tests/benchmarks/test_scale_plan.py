"""The plan of many pictures: what binds it, and what it is made of."""

import json
import sys
from dataclasses import replace

import pytest

pytestmark = pytest.mark.parity  # it needs SimPy, of the same group as PyTorch

CONTENDER = {"rate": [1, 2_000.0, 3], "cpu_s": [1, 5e-4, 2], "start_s": [1, 4.0, 5]}
SCALING = {
    "rates": {
        "pictures": 2_000,
        "shard": 100,
        "picture_bytes": 4_000.0,
        "result_bytes": 50.0,
        "contenders": {
            "one process": {"1": CONTENDER},
            "Ray": {"1": CONTENDER, "2": CONTENDER | {"rate": [1, 4_000.0, 5]}},
        },
    },
    "parts": {"cpu_s": 3e-3, "driver_cpu_s": 1e-3},
}


@pytest.fixture(scope="module")
def scale_plan():
    pytest.importorskip("simpy")
    import scale_plan

    return scale_plan


@pytest.fixture
def assumed(scale_plan):
    return scale_plan.Assumptions()


def test_costs_are_those_that_were_measured(scale_plan):
    costs, picture_bytes, result_bytes = scale_plan.measured_costs(SCALING)
    assert (costs.picture_s, costs.driver_s, costs.start_s) == (5e-4, 1e-3, 4.0)
    assert costs.part_s == pytest.approx(2e-3)
    assert (picture_bytes, result_bytes) == (4_000, 50)


def test_simulation_is_compared_with_what_was_measured(scale_plan):
    costs, *_ = scale_plan.measured_costs(SCALING)
    one, two = scale_plan.check(SCALING, costs)
    assert one["measured"] == 2_000
    assert one["simulated"] == pytest.approx(100 / (100 * 5e-4 + 2e-3), rel=0.01)
    assert two["simulated"] == pytest.approx(2 * one["simulated"], rel=0.01)


def test_shards_are_read_with_few_requests(scale_plan, assumed):
    base = scale_plan.base_run(assumed, 10**9, 4_000)
    assert base.parts == 100_000
    assert base.gets_per_part == 5 + scale_plan.LOOKS  # 40 MB in requests of 8 MiB


def test_small_parts_are_bound_by_the_driver(scale_plan, assumed):
    costs, *_ = scale_plan.measured_costs(SCALING)
    base = scale_plan.base_run(assumed, 10**9, 4_000)

    def bound(run):
        loads = scale_plan.loads(run, costs)
        return max(loads, key=loads.get)

    assert bound(base) == "workers, recognizing"
    assert bound(scale_plan.with_shards(base, 250)) == "driver"
    runs = list(scale_plan.scenarios(assumed, base).values())
    assert bound(runs[-1]) == "requests that read"
    assert bound(replace(runs[-1], storage=replace(assumed.storage(), gets_per_s=10**6))) == (
        "driver, listing"
    )


def test_whole_plan_in_little(scale_plan, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["scale_plan.py", "--quick"])
    monkeypatch.setattr(scale_plan, "load_results", lambda name: SCALING)
    scale_plan.main()
    printed = capsys.readouterr().out
    figures = json.loads(printed[printed.index("\n{") :])
    assert len(figures["scenarios"]) == 5
    assert all(0 < row["efficiency"] <= 1 for row in figures["scenarios"])
    slow = figures["scenarios"][2]
    assert slow["seconds"] > figures["scenarios"][0]["seconds"]


def test_plan_without_costs_is_refused(scale_plan, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["scale_plan.py"])
    monkeypatch.setattr(scale_plan, "load_results", lambda name: {})
    with pytest.raises(SystemExit, match=r"run benchmarks/scaling\.py first"):
        scale_plan.main()
