"""The arrays that everything here is made of: NumPy's, in single precision where not said."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]  # float32; float64 where a test checks a gradient
Labels: TypeAlias = NDArray[np.integer[Any]]  # (N,) classes 0 to 9
Pixels: TypeAlias = NDArray[np.uint8]  # (..., 28, 28), 0 is the sheet and 255 is full ink

Generator: TypeAlias = np.random.Generator
