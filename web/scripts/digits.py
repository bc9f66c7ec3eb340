"""Render the MNIST digits that the page shows: python web/scripts/digits.py"""

from pathlib import Path

import numpy as np

from inkdigits.data import mnist
from inkdigits.imaging.decode import encode_png

EXAMPLES = 5  # of each digit
FILE = Path(__file__).parents[1] / "src" / "assets" / "mnist.png"

if __name__ == "__main__":
    train = mnist.load("train")
    columns = [train.images[train.labels == digit][:EXAMPLES] for digit in range(10)]
    mosaic = np.block([[columns[digit][row] for digit in range(10)] for row in range(EXAMPLES)])
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(encode_png(mosaic))
