"""Cut a line into the pictures of its symbols, once it is known where each of them stands."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.numbers.line import Line
from inkdigits.numbers.prediction import Box

INKED = 77  # of 255; fainter pixels are not counted to a symbol's box
AWAY = 0.01  # cost of a pixel without ink for each column away from the middle between two symbols
EMPTY = 0.02  # cost of a pixel without ink
TURN = 0.1  # cost of a step to the side


class Pieces:
    """The pictures of a line's symbols, each cut out once."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._ink = line.pixels / np.float32(255)
        self._cut = cache(self._cut_out)
        self._seam = cache(self._find_seam)

    def of(self, centers: Array) -> list[tuple[Pixels, Box | None]]:
        """Cut out the symbols of one text.

        centers  float (L,), the columns in which the symbols stand, in order
        returns  for each symbol its picture, uint8 (h, w), cropped to its ink, or (1, 1) if it has
                 none; and its box in the ink that the line was made of
        """
        width = self._ink.shape[1]
        edges = [-1, *map(round, centers.tolist()), width]
        return [self._cut(*edges[k : k + 3]) for k in range(len(centers))]

    def _cut_out(self, before: int, center: int, after: int) -> tuple[Pixels, Box | None]:
        """Cut out the symbol at a column, between two others or the ends of the line."""
        height, width = self._ink.shape
        left = np.zeros(height, np.intp) if before < 0 else self._seam(before, center)
        right = np.full(height, width) if after >= width else self._seam(center, after)
        columns = np.arange(width)
        inside = (columns >= left[:, None]) & (columns < right[:, None])
        piece = np.where(inside, self._line.pixels, 0)
        rows, columns = np.nonzero(piece > INKED)
        if not rows.size:
            return np.zeros((1, 1), np.uint8), None
        picture = piece[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        return picture, self._box(rows, columns)

    def _box(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Box:
        """Find the box around pixels of the line in the ink, in which the line may be sloped."""
        x = np.concatenate([columns, columns + 1])
        y = np.concatenate([rows, rows + 1])
        points = self._line.to_ink @ np.stack([x, y, np.ones(len(x))])
        (x0, y0), (x1, y1) = points.min(axis=1), points.max(axis=1)
        return round(x0), round(y0), max(1, round(x1 - x0)), max(1, round(y1 - y0))

    def _find_seam(self, left: int, right: int) -> NDArray[np.intp]:
        """Find the way from top to bottom between two columns that crosses the least ink.

        returns  intp (32,), for each row the first column to the right of the seam
        """
        first, last = max(0, min(left, right)), max(left, right, 0)
        ink = self._ink[:, first : last + 1]
        away = np.abs(np.arange(ink.shape[1]) - (ink.shape[1] - 1) / 2)
        costs = ink + np.float32(EMPTY) + (AWAY * away).astype(np.float32)
        total, steps = costs[0], np.zeros(costs.shape, np.intp)
        for row in range(1, len(costs)):
            ways = np.full((3, len(total)), np.inf, np.float32)
            ways[0] = total
            ways[1, 1:] = total[:-1] + TURN
            ways[2, :-1] = total[1:] + TURN
            steps[row] = np.array([0, -1, 1])[ways.argmin(axis=0)]
            total = ways.min(axis=0) + costs[row]
        seam = np.empty(len(costs), np.intp)
        seam[-1] = total.argmin()
        for row in range(len(costs) - 1, 0, -1):
            seam[row - 1] = seam[row] + steps[row, seam[row]]
        return seam + first
