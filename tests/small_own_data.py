"""Write some of MNIST's digits as images of one's own, for the browser's tests of the lab.

python small_own_data.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
from conftest import packaged_digits

IMAGES = 1200

if __name__ == "__main__":
    digits = packaged_digits().take(slice(IMAGES))
    np.savez(Path(sys.argv[1]) / "digits.npz", x=digits.images, y=digits.labels)
