"""Pictures of digits as files of any size, for the benchmarks of whole recognitions."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from inkdigits.arrays import Pixels
from inkdigits.data import mnist


def digit_images(count: int) -> Pixels:
    """Return test digits of MNIST, uint8 (N, 28, 28), 255 is full ink."""
    return mnist.load("test").images[:count]


def png_file(digit: Pixels, side: int) -> bytes:
    """Draw a digit in black on white, enlarged, and encode it as a PNG file.

    digit   uint8 (28, 28), 255 is full ink
    side    of the picture, px
    """
    picture = ImageOps.invert(Image.fromarray(digit))
    picture = picture.resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def write_folder(folder: Path, count: int, side: int) -> None:
    """Write digits as numbered PNG files to a folder."""
    for number, digit in enumerate(digit_images(count)):
        (folder / f"{number:05}.png").write_bytes(png_file(digit, side))
