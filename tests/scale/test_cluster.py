import os

import pytest

from inkdigits.scale.cluster import ONE_THREAD, connected
from inkdigits.scale.errors import ScaleError


@pytest.mark.ray
def test_local_cluster_has_one_worker_for_each_cpu(ray_cluster):
    import ray

    @ray.remote
    def environment():
        return dict(os.environ)

    assert ray_cluster.is_local
    assert [node["NodeManagerAddress"] for node in ray.nodes()] == ["127.0.0.1"]
    assert ray_cluster.cpus == len(os.sched_getaffinity(0))
    assert ray.get(environment.remote()).items() >= ONE_THREAD.items()


@pytest.mark.parametrize("address", ["ray:/host", "rays", "ray://", "ray://a b", "http://host"])
def test_address_that_is_not_ray_is_refused(address):
    with pytest.raises(ScaleError, match="is not ray or ray://HOST"), connected(address):
        pass
