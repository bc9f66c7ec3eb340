"""Draw the mosaic of MNIST digits that the page shows: python web/scripts/digits.py"""

from pathlib import Path

import numpy as np

from inkdigits.data import mnist
from inkdigits.imaging.decode import encode_png

HANDS = 5  # of each digit
FILE = Path(__file__).parents[1] / "src" / "assets" / "mnist.png"

if __name__ == "__main__":
    digits = mnist.load("train")
    columns = [digits.images[digits.labels == digit][:HANDS] for digit in range(10)]
    mosaic = np.block([[columns[digit][hand] for digit in range(10)] for hand in range(HANDS)])
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(encode_png(mosaic))
