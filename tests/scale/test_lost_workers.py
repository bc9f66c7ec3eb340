"""Waiting for workers that are lost; no cluster is needed to wait in vain."""

import pytest

from inkdigits.scale.actor_pool import _wait
from inkdigits.scale.errors import ScaleError


class Ray:
    """A cluster that loses its CPUs, one each time that is waited in vain."""

    def __init__(self, cpus):
        self.cpus = cpus

    def wait(self, references, num_returns, timeout):
        self.cpus -= 1
        return [], references

    def cluster_resources(self):
        return {"memory": 1e9} | ({"CPU": float(self.cpus)} if self.cpus else {})


def test_cluster_without_any_worker_left_ends_the_run():
    cluster = Ray(cpus=3)
    with pytest.raises(ScaleError, match="lost all machines"):
        _wait(cluster, ["a result"], has_started=True)
    assert cluster.cpus == 0


def test_workers_that_never_start_end_the_run_while_there_are_cpus():
    cluster = Ray(cpus=3)
    with pytest.raises(ScaleError, match="No worker has started"):
        _wait(cluster, ["a result"], has_started=False)
    assert cluster.cpus == 2
