"""Connect to a Ray cluster, or start one on this machine.

Only the modules of this package import Ray, and only inside functions: it is an optional extra, and
importing it takes longer than recognizing a thousand digits.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from inkdigits.scale.errors import ScaleError
from inkdigits.threads import available_cpus

ADDRESS = re.compile(r"ray(://[^\s/]+)?")
CLIENT_PORT = 10001  # of Ray's own default
# One thread for each worker: Ray schedules by CPUs, and more threads would compete for them.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to.

    cpus      of all its nodes, at the time of connecting
    is_local  whether it was started for this process, and ends with it
    """

    cpus: int
    is_local: bool


def import_ray() -> Any:
    """Return the package ray; raise ScaleError if it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when it is imported
    try:
        import ray
    except ModuleNotFoundError:
        raise ScaleError("--on ray needs the package ray: pip install 'inkdigits[ray]'.") from None
    return ray


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connect to a cluster for as long as the context lasts.

    address  "ray://HOST" or "ray://HOST:PORT" for Ray's client server on a cluster's head node;
             "ray" for the cluster that the environment variable RAY_ADDRESS names, or else a new
             one on this machine, with all of its CPUs, which nobody else can reach
    raises   ScaleError if there is no such cluster, or Ray is not installed
    """
    if not ADDRESS.fullmatch(address):
        raise ScaleError(
            f"{address[:80]!a} is not ray or ray://HOST: name the head node of a Ray cluster."
        )
    is_local = address == "ray" and "RAY_ADDRESS" not in os.environ
    if is_local:
        # Without clusters of several machines, which Windows and macOS do not have either, Ray
        # listens at the loopback address only. It reads this when it is imported.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    ray = import_ray()
    options: dict[str, Any] = {
        "logging_level": logging.ERROR,
        "log_to_driver": False,
        "runtime_env": {"env_vars": ONE_THREAD},
    }
    if is_local:
        options |= {
            "address": "local",
            "num_cpus": available_cpus(),
            "include_dashboard": False,
        }
    elif address != "ray":
        host = address.removeprefix("ray://")
        options["address"] = address if ":" in host else f"{address}:{CLIENT_PORT}"
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ScaleError(
            f"No Ray cluster can be reached at {address} ({str(error).splitlines()[0][:200]}): "
            "check that it runs, its address, and its token (docs/scale.md)."
        ) from None
    try:
        yield Cluster(int(ray.cluster_resources().get("CPU", 0)), is_local)
    finally:
        ray.shutdown()
