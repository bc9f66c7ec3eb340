"""Ray clusters on this machine, for the tests of this folder."""

import pytest

from inkdigits.scale.cluster import connected


@pytest.fixture(scope="session")
def ray_cluster():
    """A cluster that all tests share which do not harm it, with this process connected to it."""
    with connected("ray") as cluster:
        yield cluster
