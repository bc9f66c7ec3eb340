"""What lacks memory, whoever notices it."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise MemoryError also if OpenCV lacks memory, which raises an error of its own."""
    try:
        yield
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        raise MemoryError from None
