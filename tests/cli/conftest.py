"""Files that several commands are given."""

import numpy as np
import pytest

from inkdigits.imaging.decode import encode_png


@pytest.fixture
def blank_png(tmp_path):
    """A picture of nothing."""
    path = tmp_path / "blank.png"
    path.write_bytes(encode_png(np.full((50, 50), 255, np.uint8)))
    return path
