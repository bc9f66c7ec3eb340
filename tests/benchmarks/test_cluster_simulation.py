"""The simulated cluster: known times in simple cases, and no part lost with a node."""

from dataclasses import replace

import pytest

pytestmark = pytest.mark.parity  # it needs SimPy, of the same group as PyTorch


@pytest.fixture(scope="module")
def simulation():
    pytest.importorskip("simpy")
    import cluster_simulation

    return cluster_simulation


@pytest.fixture
def costs(simulation):
    return simulation.Costs(picture_s=1e-3, part_s=0.0, driver_s=0.0, start_s=0.0)


def test_workers_share_the_pictures(simulation, costs):
    run = simulation.Run(pictures=8_000, part_size=100, nodes=2, workers_per_node=2)
    outcome = simulation.simulate(run, costs)
    assert outcome.seconds == pytest.approx(2.0)
    assert outcome.efficiency == pytest.approx(1.0)
    assert outcome.worker_busy == pytest.approx(1.0)


def test_costs_of_start_and_parts_are_added(simulation, costs):
    run = simulation.Run(pictures=1_000, part_size=100, nodes=1, workers_per_node=1)
    outcome = simulation.simulate(run, replace(costs, part_s=0.05, start_s=3.0))
    assert outcome.seconds == pytest.approx(3 + 10 * (0.1 + 0.05))


def test_last_part_may_be_smaller(simulation, costs):
    run = simulation.Run(pictures=150, part_size=100, nodes=1, workers_per_node=1)
    assert simulation.simulate(run, costs).seconds == pytest.approx(0.15)


def test_driver_limits_many_workers(simulation, costs):
    run = simulation.Run(pictures=100_000, part_size=100, nodes=10, workers_per_node=10)
    outcome = simulation.simulate(run, replace(costs, driver_s=0.01))
    assert outcome.seconds == pytest.approx(1_000 * 0.01, rel=0.05)
    assert outcome.driver_busy > 0.95


def test_listing_is_work_of_the_driver(simulation, costs):
    storage = simulation.Storage(list_s=1.0)
    run = simulation.Run(10_000, 100, 1, 100, storage, keys_per_part=100)
    assert simulation.simulate(run, costs).seconds == pytest.approx(10_000 / 1_000, rel=0.05)


def test_storage_limits_requests(simulation, costs):
    storage = simulation.Storage(gets_per_s=100)
    run = simulation.Run(10_000, 100, 1, 100, storage, gets_per_part=10)
    assert simulation.simulate(run, costs).seconds == pytest.approx(10.0, rel=0.05)


def test_requests_are_made_ahead(simulation, costs):
    storage = simulation.Storage(latency_s=0.1, spread=0.0)
    run = simulation.Run(1_000, 100, 1, 1, storage, gets_per_part=11)
    one_by_one = simulation.simulate(run, costs)
    assert one_by_one.seconds == pytest.approx(10 * (0.1 + 12 * 0.1))
    ahead = simulation.simulate(replace(run, gets_at_once=10), costs)
    assert ahead.seconds == pytest.approx(10 * (0.1 + 2 * 0.1))


def test_network_of_a_node_is_shared(simulation, costs):
    run = simulation.Run(2_000, 100, 1, 10, picture_bytes=1_000, node_bytes_per_s=1e6)
    assert simulation.simulate(run, costs).seconds == pytest.approx(2 * (0.1 + 1.0))


def test_slow_nodes_get_fewer_parts(simulation, costs):
    run = simulation.Run(100_000, 100, 10, 1, slow_nodes=0.5, slowness=3.0)
    seconds = simulation.simulate(run, costs).seconds
    assert seconds == pytest.approx(100 / (5 + 5 / 3), rel=0.05)


@pytest.mark.parametrize("seed", range(20))
def test_parts_of_lost_nodes_are_done_again(simulation, costs, seed):
    run = simulation.Run(50_000, 100, 5, 2, node_lifetime_s=3.0, replacement_s=1.0)
    outcome = simulation.simulate(run, costs, seed)
    assert outcome.lost_nodes > 0
    assert outcome.repeated > 0
    # All were done, and each once, or its work is part of what workers were busy with.
    busy_s = outcome.worker_busy * outcome.seconds * run.workers
    assert 50 - 1e-6 <= busy_s <= 50 + 0.1 * outcome.repeated + 1e-6


def test_same_seed_gives_the_same_outcome(simulation, costs):
    storage = simulation.Storage(latency_s=0.1)
    run = simulation.Run(10_000, 100, 5, 2, storage, node_lifetime_s=2.0, replacement_s=1.0)
    assert simulation.simulate(run, costs, 1) == simulation.simulate(run, costs, 1)
    assert simulation.simulate(run, costs, 1) != simulation.simulate(run, costs, 2)
