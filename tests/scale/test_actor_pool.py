"""Many calls on actors of a real cluster."""

import os
import time

import pytest

from inkdigits.scale.actor_pool import map_unordered
from inkdigits.scale.errors import ScaleError

pytestmark = pytest.mark.ray


def worker_class():
    """Return a class that is sent to the workers, which have no module of tests."""

    class Doubler:
        def ready(self, fault=None):
            if fault is not None:
                raise OSError(28, fault)
            return os.getpid()

        def call(self, number, fault=None, folder=None):
            if fault == "error":
                raise FileNotFoundError(2, "No such file", f"{number}.png")
            if fault == "dies":
                os._exit(1)
            if folder is not None:  # wait for the other call
                (folder / str(number)).touch()
                deadline = time.monotonic() + 60
                while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
                    time.sleep(0.01)
            return 2 * number, os.getpid()

    return Doubler


@pytest.fixture
def make_worker(ray_cluster):
    import ray

    return ray.remote(num_cpus=1, max_restarts=0)(worker_class()).remote


def test_every_call_has_a_result_and_all_workers_take_part(make_worker, ray_cluster):
    processes, results, made = set(), [], []

    def calls():
        deadline = time.monotonic() + 60
        while len(processes) < ray_cluster.cpus and time.monotonic() < deadline:
            made.append(len(made))
            yield (made[-1],)

    for result, process in map_unordered(make_worker, calls(), ray_cluster.cpus):
        results.append(result)
        processes.add(process)
    assert sorted(results) == [2 * number for number in made]
    assert len(processes) == ray_cluster.cpus


def test_few_calls_are_divided_among_the_workers(make_worker, tmp_path):
    calls = [(1, None, tmp_path), (2, None, tmp_path)]
    results = list(map_unordered(make_worker, calls, 2))
    assert sorted(result for result, _ in results) == [2, 4]
    assert len({process for _, process in results}) == 2


def test_few_calls_are_taken_ahead(make_worker, ray_cluster):
    taken = []

    def calls():
        for number in range(1000):
            taken.append(number)
            yield (number,)

    results = map_unordered(make_worker, calls(), ray_cluster.cpus, waiting=3)
    for count, _ in enumerate(results, 1):
        # Those in flight, and as many as were ready at the same time as the last result.
        assert len(taken) <= count + 2 * 3 * ray_cluster.cpus
        if count == 100:
            break


def test_more_workers_than_fit_are_not_waited_for(make_worker, ray_cluster):
    results = list(map_unordered(make_worker, ((n,) for n in range(6)), ray_cluster.cpus + 3))
    assert len(results) == 6


def test_no_calls_are_no_results(make_worker):
    assert list(map_unordered(make_worker, iter(()), 1)) == []


def test_error_of_a_call_is_raised_as_it_is(make_worker):
    with pytest.raises(FileNotFoundError) as caught:
        list(map_unordered(make_worker, [(1,), (2, "error"), (3,)], 1))
    assert caught.value.filename == "2.png"
    assert caught.value.__cause__ is None


def test_error_at_the_start_is_raised_as_it_is(make_worker):
    with pytest.raises(OSError, match="full"):
        list(map_unordered(make_worker, [(1,)], 1, ready=("full",)))


def test_check_sees_what_ready_returns(make_worker):
    seen = []
    list(map_unordered(make_worker, [(1,)], 1, check=seen.append))
    assert [type(process) for process in seen] == [int]


def test_worker_that_is_lost_for_good_is_a_sentence(make_worker):
    with pytest.raises(ScaleError, match="was lost, and cannot be started again"):
        list(map_unordered(make_worker, [(1, "dies")], 1))


def test_workers_end_with_the_generator(make_worker):
    results = map_unordered(make_worker, ((n,) for n in range(1000)), 1)
    _, process = next(results)
    results.close()
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{process}") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{process}")


def test_cluster_without_a_free_cpu_is_a_sentence(ray_cluster, monkeypatch):
    import ray

    monkeypatch.setattr("inkdigits.scale.actor_pool.START_SECONDS", 1)
    too_large = ray.remote(num_cpus=ray_cluster.cpus + 1)(worker_class())
    with pytest.raises(ScaleError, match="No worker has started within 1 s"):
        list(map_unordered(too_large.remote, [(1,)], 1))
