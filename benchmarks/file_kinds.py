"""Plain drawings in files that real programs and cameras write, and leaning digits."""

from io import BytesIO

import numpy as np
from pens import coverage
from picture_parts import Shape, either_sign, in_unit_box, inked, placed, saved, sheet, turned
from PIL import Image
from tracing import Stroke

from inkdigits.arrays import Array, Generator


def _drawn(strokes: list[Stroke], rng: Generator, shape: Shape | None = None) -> Array:
    """Draw a digit in a drawing program, float64 (H, W, 3)."""
    side = int(rng.integers(64, 400))
    shape = shape or (side, round(side * rng.uniform(0.75, 1.33)))
    size_px = rng.uniform(0.4, 0.8) * min(shape)
    pen_px = max(1.5, rng.uniform(0.04, 0.16) * size_px)
    digit = placed(strokes, size_px, shape, 0.03 * min(shape) + pen_px / 2, rng)
    covered = coverage(digit, pen_px, shape)
    return inked(sheet(shape, rng.uniform(200, 255), rng), covered, rng.uniform(0.7, 1))


def plain(strokes: list[Stroke], rng: Generator) -> bytes:
    """Draw a digit in a drawing program and save it, for comparison with the other kinds."""
    return saved(_drawn(strokes, rng), rng)


def _tail(file: bytes, rng: Generator) -> bytes:
    """Return the bytes that a program left behind a file's end."""
    tails = (
        b"\0",
        b"\n",
        b"\r\n",
        bytes(int(rng.integers(1, 4000))),
        rng.bytes(int(rng.integers(1, 4000))),
        # What was there before: a longer file that has been overwritten in place.
        file[len(file) // int(rng.integers(2, 5)) :],
        file,
    )
    return tails[rng.integers(len(tails))]


def _with_tail(image: Array, rng: Generator, form: str) -> bytes:
    file = BytesIO()
    picture = Image.fromarray(np.rint(image).astype(np.uint8))
    if form == "WEBP":
        picture.save(file, form, lossless=bool(rng.random() < 0.5), quality=80)
    else:
        picture.save(file, form)
    return file.getvalue() + _tail(file.getvalue(), rng)


def png_with_tail(strokes: list[Stroke], rng: Generator) -> bytes:
    """Leave bytes behind the end of a PNG file, as screenshot tools do."""
    return _with_tail(_drawn(strokes, rng), rng, "PNG")


def gif_with_tail(strokes: list[Stroke], rng: Generator) -> bytes:
    """Leave bytes behind the end of a GIF file."""
    return _with_tail(_drawn(strokes, rng), rng, "GIF")


def webp_with_tail(strokes: list[Stroke], rng: Generator) -> bytes:
    """Leave bytes behind the end of a WebP file."""
    return _with_tail(_drawn(strokes, rng), rng, "WEBP")


def twelve_bits_in_sixteen(strokes: list[Stroke], rng: Generator) -> bytes:
    """Save the 12 bits of a camera as a 16-bit PNG file, up to 4095 of 65535."""
    gray = _drawn(strokes, rng).mean(axis=2) * rng.uniform(0.5, 1)
    gray += rng.uniform(0, 1.5) * rng.standard_normal(gray.shape)
    values = np.clip(np.rint(gray * 4095 / 255), 0, 4095).astype(np.uint16)
    file = BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def leaning_one(strokes: list[Stroke], rng: Generator) -> bytes:
    """Lean a 1 by 25 to 35 degrees to either side; every other one has a short upstroke."""
    points = np.concatenate(strokes)
    down, right = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    upright = turned(strokes, float(np.degrees(np.arctan2(-right, down))))
    if upright_height(upright) < upright_height(strokes) * 0.8:
        upright = strokes
    if rng.random() < 0.5:
        points = np.concatenate(upright)
        top = points[points[:, 0].argmin()]
        length, angle = rng.uniform(0.15, 0.32), np.radians(rng.uniform(25, 50))
        tip = top + length * np.array([np.cos(angle), -np.sin(angle)])
        upright = in_unit_box([np.array([tip, top]), *upright])
    degrees = either_sign(rng, 25, 35)
    if rng.random() < 0.5:
        leaning = turned(upright, degrees)
    else:
        lean = np.array([[1, -np.tan(np.radians(-degrees))], [0, 1]])
        leaning = in_unit_box([stroke @ lean for stroke in upright])
    return saved(_drawn(leaning, rng), rng)


def upright_height(strokes: list[Stroke]) -> float:
    """Return the height of strokes in a unit box."""
    return float(np.ptp(np.concatenate(strokes)[:, 0]))


def leaning(strokes: list[Stroke], rng: Generator) -> bytes:
    """Lean a digit by 10 to 20 degrees more than it is written, to either side."""
    return saved(_drawn(turned(strokes, either_sign(rng, 10, 20)), rng), rng)
