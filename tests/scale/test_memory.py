import cv2
import numpy as np
import pytest

from inkdigits.scale.memory import memory_errors

resource = pytest.importorskip("resource", reason="needs POSIX's limits")


@pytest.fixture
def little_memory():
    """No more memory than this process has."""
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + 2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_memory")
def test_opencv_without_memory_raises_memory_error():
    small = np.zeros((1, 1), np.uint8)
    with pytest.raises(cv2.error):
        cv2.resize(small, (2**14, 2**14))
    with pytest.raises(MemoryError), memory_errors():
        cv2.resize(small, (2**14, 2**14))


def test_other_errors_of_opencv_stay():
    with pytest.raises(cv2.error), memory_errors():
        cv2.resize(np.zeros((1, 1), np.uint8), (0, 0))
