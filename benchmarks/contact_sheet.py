"""Draw pictures of writers' digits, to look at: one row for each writer, errors first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE

SCALE = 2  # of the digits
TILE_PX = SCALE * IMAGE_SIDE + 4
CAPTION_PX = 12  # height of the text below a digit
TITLE_PX = 16  # height of the text above a row
COLUMNS = 20  # digits in a row; others are left out
PAPER, INK = 255, 0


@dataclass(frozen=True, eq=False)
class Row:
    """Digits of one writer.

    title     says who it is
    images    uint8 (N, 28, 28)
    captions  one below each image
    """

    title: str
    images: Pixels
    captions: Sequence[str]


def draw(rows: Sequence[Row]) -> Image.Image:
    """Draw one row of digits below another, dark on white."""
    height = TITLE_PX + TILE_PX + CAPTION_PX
    sheet = Image.new("L", (COLUMNS * TILE_PX, len(rows) * height), PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top = number * height
        pen.text((2, top + 2), row.title, fill=INK)
        tiles = zip(row.images[:COLUMNS], row.captions[:COLUMNS], strict=True)
        for column, (image, caption) in enumerate(tiles):
            left = column * TILE_PX
            enlarged = np.kron(PAPER - image, np.ones((SCALE, SCALE), np.uint8))
            sheet.paste(Image.fromarray(enlarged), (left, top + TITLE_PX))
            pen.text((left + 2, top + TITLE_PX + SCALE * IMAGE_SIDE), caption, fill=INK)
    return sheet


def save(rows: Sequence[Row], path: Path) -> None:
    """Draw rows of digits and write them to a PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(rows).save(path)
