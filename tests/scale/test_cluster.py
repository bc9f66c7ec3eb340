import os
import signal
import subprocess
import sys

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


@pytest.mark.ray
def test_stopped_process_ends_by_its_own_handler_and_its_cluster_has_a_token(tmp_path):
    script = (
        "import os, signal, sys, time\n"
        "from inkdigits.scale.cluster import connected\n"
        "signal.signal(signal.SIGTERM, lambda *arguments: sys.exit(143))\n"
        "with connected('ray'):\n"
        "    print(os.environ['RAY_AUTH_MODE'], len(os.environ['RAY_AUTH_TOKEN']), flush=True)\n"
        "    time.sleep(60)\n"
    )
    unset = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["HOME"] = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "token 64\n", process.stderr.read()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert errors == ""
    assert not (tmp_path / ".ray").exists()  # a token in a file would outlive the cluster
