"""Draw many pictures of any size into one, so that a person can look at them."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

Captioned: TypeAlias = tuple[str, bytes]  # caption and file

TILE = 120  # px
CAPTION = 14  # px
COLUMNS = 15
BACKGROUND = (60, 60, 90)


def write_contact_sheet(rows: Mapping[str, Sequence[Captioned]], path: Path) -> None:
    """Write a picture with the pictures of each row, which continues below if it is too long.

    rows   by their titles
    """
    lines = [
        (title, row[start : start + COLUMNS])
        for title, row in rows.items()
        for start in range(0, len(row), COLUMNS)
    ]
    height = 2 * CAPTION + TILE
    sheet = Image.new("RGB", (COLUMNS * TILE, max(1, len(lines)) * height), BACKGROUND)
    pencil = ImageDraw.Draw(sheet)
    for number, (title, line) in enumerate(lines):
        top = number * height
        pencil.text((2, top), title, "white")
        for column, (caption, file) in enumerate(line):
            left = column * TILE
            pencil.text((left + 2, top + CAPTION), caption, "yellow")
            sheet.paste(_tile(file), (left, top + 2 * CAPTION))
    sheet.save(path)


def _tile(file: bytes) -> Image.Image:
    """Decode a picture, with Pillow, and fit it into a tile."""
    picture: Image.Image = Image.open(BytesIO(file))
    if picture.mode.startswith("I"):  # 16 bits
        values = np.asarray(picture, np.float64)
        picture = Image.fromarray((255 * values / values.max()).astype(np.uint8))
    picture = picture.convert("RGBA")
    dark, light = Image.new("RGBA", picture.size, "#444"), Image.new("RGBA", picture.size, "#ccc")
    shown, alpha = np.asarray(picture)[..., :3], np.asarray(picture)[..., 3:]
    is_light_ink = (shown * (alpha > 0)).sum() > 0.5 * 255 * 3 * (alpha > 0).sum()
    picture = Image.alpha_composite(dark if is_light_ink else light, picture)
    factor = (TILE - 4) / max(picture.size)
    size = [max(1, round(side * factor)) for side in picture.size]
    resampling = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX
    return picture.convert("RGB").resize((size[0], size[1]), resampling)
