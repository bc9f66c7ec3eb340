"""Pictures of an explanation for its HTML sheet: arrays as PNG masks, which CSS colors."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.explain.explanation import Pixel
from inkdigits.imaging.decode import png_data_url

BLOCK = 4  # pixels of a side of the blocks in a map's table
GAP = 1  # pixels between the maps of a layer
MIN_COLUMNS = 12  # of maps, or units, in a row
ASPECT = 2.6  # of a layer's maps side by side

_PLACES = (
    ("at the upper left", "at the top", "at the upper right"),
    ("on the left", "in the middle", "on the right"),
    ("at the lower left", "at the bottom", "at the lower right"),
)


@dataclass(frozen=True)
class Picture:
    """A picture of layers one on top of the other, and its description.

    width, height  of the picture, in pixels
    layers         the name of a color, and the data URL of a PNG in which white has that color
    words          what it shows, for those who cannot see it
    """

    width: int
    height: int
    layers: tuple[tuple[str, str], ...]
    words: str


@dataclass(frozen=True)
class Blocks:
    """A map in numbers: the sums of its blocks of 4x4 pixels, for a table.

    places  the first and the last row, or column, of each block
    rows    float, a list for each row of blocks
    """

    places: list[tuple[int, int]]
    rows: list[list[float]]


def of_ink(picture: Pixels, words: str) -> Picture:
    """Show ink, uint8 (H, W), in the color of text."""
    height, width = picture.shape
    return Picture(width, height, (("ink", png_data_url(picture)),), words)


def of_map(values: Array, ink: Pixels, words: str) -> Picture:
    """Show signed values over the drawing.

    values  float (28, 28), the largest magnitude gets the full color
    ink     uint8 (28, 28), the drawing
    """
    height, width = values.shape
    return Picture(width, height, (("faint", png_data_url(ink)), *_signed(values)), words)


def of_change(
    ink: Pixels, added: tuple[Pixel, ...], removed: tuple[Pixel, ...], words: str
) -> Picture:
    """Show which pixels of the drawing were added and which removed."""
    layers = [("faint", png_data_url(ink))]
    for color, pixels in (("positive", added), ("negative", removed)):
        mask = np.zeros_like(ink)
        for row, column in pixels:
            mask[row, column] = 255
        layers.append((color, png_data_url(mask)))
    return Picture(IMAGE_SIDE, IMAGE_SIDE, tuple(layers), words)


def of_layer(values: Array, words: str) -> Picture:
    """Show what a layer computed: its maps side by side, or one square for each unit.

    values  float (H, W, C) or (N,), the largest magnitude gets the full color
    """
    tiles = tile(values)
    height, width = tiles.shape
    return Picture(width, height, tuple(_signed(tiles)), words)


def tile(values: Array) -> Array:
    """Place maps side by side in a rectangle about 2.6 times as wide as high.

    values   float (H, W, C), or (N,) for maps of one value
    returns  float32, 0 between the maps
    """
    maps = values if values.ndim == 3 else values.reshape(1, 1, -1)
    height, width, count = maps.shape
    gap_px = 0 if values.ndim == 1 else GAP
    columns = min(count, max(MIN_COLUMNS, ceil((count * ASPECT * height / width) ** 0.5)))
    rows = ceil(count / columns)
    padded = np.zeros((rows * columns, height + gap_px, width + gap_px), np.float32)
    padded[:count, :height, :width] = maps.transpose(2, 0, 1)
    grid = padded.reshape(rows, columns, height + gap_px, width + gap_px).swapaxes(1, 2)
    whole = grid.reshape(rows * (height + gap_px), columns * (width + gap_px))
    return whole[: whole.shape[0] - gap_px, : whole.shape[1] - gap_px]


def blocks_of(values: Array) -> Blocks:
    """Add up a map, float (28, 28), in blocks of 4x4 pixels."""
    side = IMAGE_SIDE // BLOCK
    sums = values.reshape(side, BLOCK, side, BLOCK).sum(axis=(1, 3))
    places = [(BLOCK * place, BLOCK * place + BLOCK - 1) for place in range(side)]
    return Blocks(places, sums.tolist())


def region_of(values: Array) -> str:
    """Say in words where a map, float (28, 28), has its largest sum of magnitudes."""
    edges = (0, 9, 19)
    sums = np.add.reduceat(np.add.reduceat(np.abs(values), edges, axis=0), edges, axis=1)
    if not sums.any():
        return "nowhere"
    row, column = np.unravel_index(sums.argmax(), sums.shape)
    return _PLACES[row][column]


def _signed(values: Array) -> list[tuple[str, str]]:
    """Return the layers of a picture for values above and below 0."""
    largest = float(np.abs(values).max()) or 1.0
    layers = []
    for color, sign in (("positive", 1), ("negative", -1)):
        part = np.clip(sign * values / largest, 0, 1)
        if part.any():
            layers.append((color, png_data_url(np.rint(255 * part).astype(np.uint8))))
    return layers
