"""Paper that numbers are written on, and how it is photographed."""

from io import BytesIO

import numpy as np
from picture_parts import LIGHTS, camera, inked, saved, sheet, to_pixels
from PIL import Image, ImageDraw
from scipy import ndimage

from inkdigits.arrays import Array, Generator


def _framed(covered: Array, rng: Generator) -> Array:
    """Leave paper around what is written, more than half a digit."""
    height = covered.shape[0]
    top, bottom, left, right = (rng.uniform(0.5, 1.6, 4) * height).astype(int).tolist()
    return np.pad(covered, ((top, bottom), (left, right)))


def sheet_of_paper(covered: Array, rng: Generator) -> Array:
    """Write on plain, ruled or squared paper.

    covered  (H, W), how much of each pixel the pen covers
    returns  float64 (h, w, 3), 0 to 255
    """
    height = covered.shape[0]
    covered = _framed(covered, rng)
    paper = sheet(covered.shape, rng.uniform(190, 250), rng)
    ruling = rng.random()
    if ruling > 0.35:
        spacing = int(rng.uniform(0.9, 1.6) * height)
        width = max(1, round(0.015 * height))
        color = np.array([rng.uniform(120, 170), rng.uniform(140, 190), rng.uniform(190, 230)])
        for row in range(int(rng.integers(spacing)), len(paper), spacing):
            paper[row : row + width] = color
        if ruling > 0.75:
            for column in range(int(rng.integers(spacing)), paper.shape[1], spacing):
                paper[:, column : column + width] = color
    grain = ndimage.gaussian_filter(rng.standard_normal(covered.shape), 1.5)
    paper = paper + (rng.uniform(0, 4) * grain / grain.std())[..., None]
    return inked(paper, covered, rng.uniform(0.6, 0.9))


def photographed(image: Array, rng: Generator) -> bytes:
    """Take a photo from an angle, in uneven light."""
    height, width = image.shape[:2]
    lean = rng.uniform(-0.12, 0.12, (4, 2)) * height
    corners = np.array([(0, 0), (0, height), (width, height), (width, 0)]) + lean
    picture = Image.fromarray(to_pixels(image)).transform(
        (width, height),
        Image.Transform.QUAD,
        tuple(corners.ravel().tolist()),
        Image.Resampling.BICUBIC,
        fillcolor=tuple(int(value) for value in np.median(image, axis=(0, 1))),
    )
    turned = picture.rotate(
        rng.normal(0, 3),
        Image.Resampling.BICUBIC,
        fillcolor=tuple(int(value) for value in np.median(image, axis=(0, 1))),
    )
    light = LIGHTS[int(rng.integers(len(LIGHTS)))]((height, width), rng.uniform(0.45, 0.9), rng)
    shown = np.asarray(turned, np.float64) * light[..., None]
    return saved(camera(shown, rng, blur_px=rng.uniform(0.4, 1.2)), rng, jpeg=0.8, quality=50)


def cheque(covered: Array, rng: Generator) -> bytes:
    """Write an amount on the printed ground of a cheque, with a rule and, mostly, a stamp."""
    height = covered.shape[0]
    covered = _framed(covered, rng)
    rows, columns = np.mgrid[: covered.shape[0], : covered.shape[1]].astype(float)
    paper = sheet(covered.shape, rng.uniform(205, 245), rng, tint=14)
    for _ in range(int(rng.integers(1, 4))):  # waves of fine lines
        period, bend = rng.uniform(0.06, 0.25) * height, rng.uniform(0, 0.4) * height
        angle = rng.uniform(0, np.pi)
        along = np.cos(angle) * columns + np.sin(angle) * rows
        across = np.cos(angle) * rows - np.sin(angle) * columns
        wave = np.sin(
            2 * np.pi * (along + bend * np.sin(across / rng.uniform(0.3, 1.5) / height)) / period
        )
        paper -= (rng.uniform(4, 26) * (wave > 0.4))[..., None] * rng.uniform(0.3, 1, 3)
    grain = ndimage.gaussian_filter(rng.standard_normal(covered.shape), 0.8)
    paper += (rng.uniform(1, 6) * grain / grain.std())[..., None]
    if rng.random() < 0.6:
        rule = int(covered.shape[0] - rng.uniform(0.2, 0.5) * height)
        paper[rule : rule + max(1, round(0.02 * height))] -= rng.uniform(40, 110)
    image = inked(paper, covered, rng.uniform(0.55, 0.9))
    if rng.random() < 0.5:
        image = _stamped(image, height, rng)
    return _scanned(camera(image, rng, blur_px=rng.uniform(0.3, 0.9)), rng)


def _stamped(image: Array, height: float, rng: Generator) -> Array:
    """Stamp a ring, or a box with lines in it, across the amount."""
    mask = Image.new("L", (image.shape[1], image.shape[0]))
    pen = ImageDraw.Draw(mask)
    x, y = rng.uniform(0, image.shape[1]), rng.uniform(0, image.shape[0])
    size = rng.uniform(0.8, 1.8) * height
    line = max(1, round(0.03 * height))
    if rng.random() < 0.5:
        pen.ellipse((x - size, y - size, x + size, y + size), outline=255, width=line)
        pen.ellipse(
            (x - 0.8 * size, y - 0.8 * size, x + 0.8 * size, y + 0.8 * size),
            outline=255,
            width=line,
        )
    else:
        pen.rectangle((x - size, y - 0.4 * size, x + size, y + 0.4 * size), outline=255, width=line)
        pen.line((x - 0.8 * size, y, x + 0.8 * size, y), fill=255, width=line)
    covered = np.asarray(mask, np.float64) / 255 * (rng.random(mask.size[::-1]) < 0.85)
    covered = ndimage.gaussian_filter(covered, 0.7) * rng.uniform(0.15, 0.45)
    color = np.array([rng.uniform(30, 200), rng.uniform(20, 90), rng.uniform(60, 220)])
    return image * (1 - covered)[..., None] + color * covered[..., None]


def _scanned(image: Array, rng: Generator) -> bytes:
    """Save a scan, mostly in gray."""
    picture = Image.fromarray(to_pixels(image))
    if rng.random() < 0.6:
        picture = picture.convert("L")
    file = BytesIO()
    picture.save(file, "JPEG", quality=int(rng.integers(40, 95)))
    return file.getvalue()
