"""Parts of pictures that several kinds share: strokes in place, light, camera and files."""

from collections.abc import Sequence
from io import BytesIO
from typing import TypeAlias

import numpy as np
from PIL import Image
from scipy import ndimage
from tracing import Stroke

from inkdigits.arrays import Array, Generator, Pixels

Shape: TypeAlias = tuple[int, int]  # height and width, px
Box: TypeAlias = tuple[float, float, float, float]  # top, left, bottom and right, px


def log_uniform(rng: Generator, least: float, most: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def either_sign(rng: Generator, least: float, most: float) -> float:
    """Draw a number of a uniform size and a random sign."""
    return float(rng.choice([-1, 1]) * rng.uniform(least, most))


def photo_shape(rng: Generator, least_px: float = 160, most_px: float = 640) -> Shape:
    """Choose the size of a photo, upright, lying or square."""
    longer = round(log_uniform(rng, least_px, most_px))
    shorter = round(longer * rng.choice([0.75, 0.75, 0.5625, 1]))
    return (longer, shorter) if rng.random() < 0.4 else (shorter, longer)


# Strokes


def in_unit_box(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Move and scale strokes into a box whose longer side is 1, from its top left corner."""
    points = np.concatenate(strokes)
    corner = points.min(axis=0)
    longer = max(float(np.ptp(points, axis=0).max()), 1e-6)
    return [(stroke - corner) / longer for stroke in strokes]


def turned(strokes: Sequence[Stroke], degrees: float) -> list[Stroke]:
    """Turn strokes counterclockwise."""
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return in_unit_box([stroke @ np.array([[cos, sin], [-sin, cos]]) for stroke in strokes])


def placed(
    strokes: Sequence[Stroke], size_px: float, shape: Shape, margin_px: float, rng: Generator
) -> list[Stroke]:
    """Put a digit at a random place, at least a margin away from the edges where there is room.

    strokes  in a box whose longer side is 1
    size_px  longer side of the digit's center lines
    """
    scaled = [stroke * size_px for stroke in strokes]
    extent = np.concatenate(scaled).max(axis=0)
    room = np.maximum(np.array(shape) - extent - 2 * margin_px, 0)
    corner = (np.array(shape) - extent - room) / 2 + rng.random(2) * room
    return [stroke + corner for stroke in scaled]


def box_of(strokes: Sequence[Stroke]) -> Box:
    """Return the bounding box of center lines."""
    points = np.concatenate(strokes)
    (top, left), (bottom, right) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return top, left, bottom, right


# Paper and ink, as float64 (H, W, 3) from 0 to 255


def sheet(shape: Shape, gray: float, rng: Generator, tint: float = 8) -> Array:
    """Make plain paper that is not quite gray."""
    paper = np.empty((*shape, 3))
    paper[:] = np.clip(gray + rng.uniform(-tint, tint, 3), 0, 255)
    return paper


def inked(paper: Array, covered: Array, darkness: float) -> Array:
    """Darken paper where a pen covers it.

    covered   (H, W), 0 to 1
    darkness  share of the paper's brightness that full ink takes; less than 0 is brighter ink
    """
    return paper * (1 - darkness * covered)[..., None]


# Light: factors of the brightness, float64 (H, W) up to 1, and `fall` at the darkest


def _grid(shape: Shape) -> tuple[Array, Array]:
    """Return rows and columns from -1 to 1."""
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return rows, columns


def vignette(shape: Shape, fall: float, rng: Generator) -> Array:
    """Darken toward all four corners."""
    rows, columns = _grid(shape)
    squared = (rows**2 + columns**2) / 2
    return 1 - (1 - fall) * squared ** rng.uniform(0.75, 2)


def dark_corner(shape: Shape, fall: float, rng: Generator) -> Array:
    """Darken toward one corner."""
    rows, columns = _grid(shape)
    row, column = rng.choice([-1, 1], 2)
    distance = np.hypot(rows - row, columns - column) / rng.uniform(0.8, 1.8)
    return 1 - (1 - fall) * np.clip(1 - distance, 0, 1) ** rng.uniform(0.7, 1.5)


def lamp(shape: Shape, fall: float, rng: Generator) -> Array:
    """Light that comes from a lamp beside or above the paper."""
    rows, columns = _grid(shape)
    row, column = rng.uniform(-1.2, 1.2, 2)
    light = 1 / (1 + ((rows - row) ** 2 + (columns - column) ** 2) / rng.uniform(0.8, 3))
    light = (light - light.min()) / np.ptp(light)
    return fall + (1 - fall) * light


def slope(shape: Shape, fall: float, rng: Generator) -> Array:
    """Light that fades from one side to the other."""
    rows, columns = _grid(shape)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * columns + np.sin(angle) * rows
    return fall + (1 - fall) * (along - along.min()) / np.ptp(along)


LIGHTS = (vignette, dark_corner, lamp, slope)


# Camera and files


def camera(image: Array, rng: Generator, blur_px: float = 0.7, noise: float = 2.5) -> Array:
    """Add the blur and noise of a camera.

    blur_px  standard deviation
    noise    largest standard deviation, of 255
    """
    image = ndimage.gaussian_filter(image, (blur_px, blur_px, 0))
    return image + rng.uniform(0.2, 1) * noise * rng.standard_normal(image.shape)


def to_pixels(image: Array) -> Pixels:
    """Round to uint8."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def saved(image: Array, rng: Generator, jpeg: float = 0.5, quality: int = 60) -> bytes:
    """Encode a picture, in gray or in color.

    jpeg     how often it is a JPEG file and not a PNG file
    quality  least of the JPEG files, which have up to 95
    """
    picture = Image.fromarray(to_pixels(image))
    if rng.random() < 0.4:
        picture = picture.convert("L")
    file = BytesIO()
    if rng.random() < jpeg:
        picture.save(file, "JPEG", quality=int(rng.integers(quality, 96)))
    else:
        picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
