import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inkdigits.scale import cluster
from inkdigits.scale.cluster import ONE_THREAD, connected
from inkdigits.scale.errors import ScaleError


@pytest.mark.ray
def test_local_cluster_has_one_worker_for_each_cpu(ray_cluster):
    import ray

    @ray.remote
    def environment():
        return dict(os.environ)

    assert [node["NodeManagerAddress"] for node in ray.nodes()] == ["127.0.0.1"]
    assert ray_cluster.cpus == len(os.sched_getaffinity(0))
    assert ray.get(environment.remote()).items() >= ONE_THREAD.items()


@pytest.mark.ray
def test_temporary_files_of_killed_workers_are_removed_at_the_end(monkeypatch):
    import ray

    options = {}
    monkeypatch.setattr(ray, "init", lambda **given: options.update(given))
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setattr(ray, "cluster_resources", dict)
    with connected("ray"):
        folder = Path(options["runtime_env"]["env_vars"]["TMPDIR"])
        (folder / "inkdigits-trial-1").mkdir()
    assert not folder.exists()


def processes_below(pid):
    """The ids of the children of a process, and of theirs."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield child
            yield from processes_below(child)


def sockets_of(pid):
    """The sockets of a process, by the numbers that the kernel has for them."""
    for file in Path(f"/proc/{pid}/fd").iterdir():
        name = os.readlink(file) if file.is_symlink() else ""
        if name.startswith("socket:"):
            yield name.removeprefix("socket:[").removesuffix("]")


@pytest.mark.ray
def test_local_cluster_listens_on_no_network(ray_cluster):
    """Neither Ray's own processes nor its workers."""
    import ray

    ray.get(ray.remote(num_cpus=1)(lambda: None).remote())  # so that there is a worker
    ours = {number for pid in processes_below(os.getpid()) for number in sockets_of(pid)}
    addresses = [
        row[1].partition(":")[0]
        for table in ("tcp", "tcp6")
        for row in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if row[3] == "0A" and row[9] in ours  # those that listen
    ]
    assert len(addresses) >= 4
    # 127.0.0.1, as the kernel writes it, also if it is mapped to IPv6.
    assert {address[-8:] for address in addresses} == {"0100007F"}


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


class FailingRay:
    """In place of Ray: it cannot be made as busy as a head node in need of the second attempt."""

    def __init__(self, *errors):
        self.errors = list(errors)

    def init(self):
        if self.errors:
            raise self.errors.pop(0)


def test_busy_head_is_tried_twice():
    slow = ConnectionError("RuntimeError: Starting Ray client server failed. See its log")
    cluster._start(FailingRay(slow), {}, "ray://host")
    with pytest.raises(ScaleError, match="client server failed"):
        cluster._start(FailingRay(slow, slow), {}, "ray://host")
    with pytest.raises(ScaleError, match=r"ray://host cannot be used \(another cause\)"):
        cluster._start(FailingRay(ConnectionError("another cause")), {}, "ray://host")
