"""Normalize the picture of a number to a line of text: level, 32 pixels high, digits of 20 pixels.

The line network has been trained on lines that were made by the same function.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.filters import distance_to_outside
from inkdigits.preprocessing.resample import Region
from inkdigits.preprocessing.stroke_width import stroke_width

HEIGHT = 32  # pixels of a line
DIGIT_PX = 20  # height of its digits
MARGIN = 4  # columns without ink on each side


@dataclass(frozen=True)
class LineSettings:
    """Tuning constants. Strengths are shares of the strongest ink, lengths of a digit's height."""

    inked: float = 0.3  # strength; fainter pixels are soft edges
    tall: float = 0.5  # of the tallest component; a lower one is a dot, a dash or a fragment
    part_width: float = 0.3  # a component counts once for each such width: touching digits are one
    full_column: float = 0.35  # a column with less ink from top to bottom says nothing of the slope
    min_columns: int = 8  # with fewer columns, or over a shorter length, there is no slope
    min_length: float = 1.8
    max_slope: float = 0.35  # rows for each column
    level: float = 0.02  # a smaller slope stays
    max_width_px: int = 700  # of the line; longer ones are squeezed
    min_stroke: float = 1.65  # pixels of the line; finer strokes are thickened
    max_stroke: float = 4.6  # broader ones are thinned
    thickened_stroke: float = 2.4
    thinned_stroke: float = 4.0
    max_thinning: float = 0.2  # of the stroke, on each side
    kept_lines: int = 6  # heights of the line, around its middle; ink above and below is cut off
    working: int = 3  # times the line's size, at which strokes are measured and changed
    stroke_edge: float = 0.4  # strength; the edge of a stroke when it is changed
    room_px: int = 8  # around the line while strokes are changed


LINE = LineSettings()


@dataclass(frozen=True)
class Line:
    """A line of text.

    pixels   uint8 (32, W), 0 is background, its strongest ink is 255
    to_ink   float64 (2, 3), the affine map from x and y in the line to x and y in the ink
    """

    pixels: Pixels
    to_ink: Array


def normalize_line(ink: Pixels) -> Line | None:
    """Make the line of text that an image of ink shows.

    ink      uint8 (H, W), 0 is background
    returns  None if no ink is stronger than noise
    """
    peak = int(ink.max())
    if peak < MIN_CONTRAST:
        return None
    faint = LINE.inked * peak
    boxes = _components(ink > faint)
    region = _around(boxes)
    top, left = region[0].start, region[1].start
    ink = ink[region]
    height, weights = _digit_height(boxes)
    slope = _slope(ink > faint, height)
    lifted = 0.0  # rows by which the ink is lower after it has been leveled
    if abs(slope) > LINE.level:
        ink, lifted = _level(ink, slope)
        boxes = _components(ink > faint)
        height, weights = _digit_height(boxes)
    else:
        slope = 0.0
        boxes = boxes - (left, top, 0, 0)
    tall = weights > 0
    middle = float(np.average(boxes[tall, 1] + boxes[tall, 3] / 2, weights=boxes[tall, 2]))
    pixels, scale, first_row = _scale(ink, DIGIT_PX / height, middle)
    # x_ink = (x - MARGIN) / scale + left, and y_ink follows the slope.
    to_x = (1 / scale[0], 0.0, left - MARGIN / scale[0])
    shift = top - lifted - first_row / scale[1] - slope * MARGIN / scale[0]
    to_y = (slope / scale[0], 1 / scale[1], shift)
    return Line(pixels, np.array([to_x, to_y]))


def _components(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return left, top, width and height of each connected component, int32 (N, 4)."""
    statistics = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)[2]
    return statistics[1:, :4]


def _around(boxes: NDArray[np.int32]) -> Region:
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0).tolist()
    return slice(top, bottom), slice(left, right)


def _digit_height(boxes: NDArray[np.int32]) -> tuple[float, NDArray[np.int32]]:
    """Estimate the height of the digits by the median over the tall components.

    returns  rows; and int (N,), how often each component counts, 0 for those that are not tall
    """
    heights = boxes[:, 3]
    tall = heights >= LINE.tall * heights.max()
    part = max(1, int(LINE.part_width * float(np.median(heights[tall]))))
    weights = np.where(tall, np.maximum(1, boxes[:, 2] // part), 0)
    return float(np.median(np.repeat(heights, weights))), weights


def _slope(mask: NDArray[np.bool_], height: float) -> float:
    """Fit a straight line to the middles of the columns; rows for each column.

    mask     bool (h, w), cropped to the ink
    height   of the digits
    """
    columns = np.flatnonzero(mask.any(axis=0))
    first = mask.argmax(axis=0)[columns]
    last = len(mask) - 1 - mask[::-1].argmax(axis=0)[columns]
    extents = last - first + 1
    full = extents >= LINE.full_column * height
    if np.count_nonzero(full) < LINE.min_columns:
        return 0.0
    x, middles, weights = columns[full], (first + last)[full] / 2, extents[full].astype(float)
    if x[-1] - x[0] <= LINE.min_length * height:
        return 0.0
    x = x - np.average(x, weights=weights)
    middles -= np.average(middles, weights=weights)
    slope = float(np.average(x * middles, weights=weights) / np.average(x * x, weights=weights))
    return max(-LINE.max_slope, min(LINE.max_slope, slope))


def _level(ink: Pixels, slope: float) -> tuple[Pixels, float]:
    """Shear the ink until its slope is gone.

    returns  the ink, and by how many rows its first column has been lowered
    """
    height, width = ink.shape
    shift = slope * (width - 1)
    lowered = max(0.0, shift)
    room = int(np.ceil(abs(shift))) + 1
    shear = np.array([[1, 0, 0], [-slope, 1, lowered]], np.float32)
    return cv2.warpAffine(ink, shear, (width, height + room), flags=cv2.INTER_LINEAR), lowered


def _scale(ink: Pixels, scale: float, middle: float) -> tuple[Pixels, tuple[float, float], float]:
    """Scale the ink, normalize its strokes, and place it in the line.

    scale    of both sides; long lines are squeezed
    middle   the row of the ink, of the middle of the digits
    returns  uint8 (32, W), the scales of columns and of rows, and the row of the line in which the
             ink begins; what is above or below the line is cut off
    """
    # The dots of a texture are small digits in a high picture: what is far from them is cut off
    # before it is enlarged.
    reach = LINE.kept_lines * HEIGHT / 2 / scale
    top = max(0, int(middle - reach))
    ink, middle = ink[top : int(middle + reach) + 1], middle - top
    height, width = ink.shape
    columns = max(1, min(LINE.max_width_px, round(width * scale)))
    rows = max(1, round(height * scale))
    strokes = _normalize_strokes(ink, LINE.working * scale)
    smaller = strokes.shape[1] > columns
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    scaled = cv2.resize(strokes, (columns, rows), interpolation=method)
    scaled /= max(float(scaled.max()), 1e-6)
    first = round(HEIGHT / 2 - middle * scale)
    line = np.zeros((HEIGHT, columns + 2 * MARGIN), np.float32)
    start, stop = max(0, first), min(HEIGHT, first + rows)
    if start < stop:
        line[start:stop, MARGIN:-MARGIN] = scaled[start - first : stop - first]
    first_row = first - top * rows / height
    return np.rint(255 * line).astype(np.uint8), (columns / width, rows / height), first_row


def _normalize_strokes(ink: Pixels, scale: float) -> Array:
    """Bring strokes that are too fine or too broad to the width of most.

    scale    to the size at which strokes are measured
    returns  float32, ink in [0, 1], at that size
    """
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    shape = min(width, LINE.working * LINE.max_width_px), height
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    strokes = cv2.resize(ink.astype(np.float32), shape, interpolation=method)
    peak = float(strokes.max())
    if peak == 0:  # all ink was far from the middle, and has been cut off
        return strokes
    strokes /= peak
    width = stroke_width(strokes) / LINE.working
    if LINE.min_stroke <= width <= LINE.max_stroke:
        return strokes
    target = LINE.thickened_stroke if width < LINE.min_stroke else LINE.thinned_stroke
    growth = (target - width) * LINE.working / 2
    room = LINE.room_px
    framed = cv2.copyMakeBorder(strokes, room, room, room, room, cv2.BORDER_CONSTANT)
    mask = framed > LINE.stroke_edge
    if growth > 0:
        grown = growth + 1 - distance_to_outside(~mask)
    else:
        thinning = max(growth, -LINE.max_thinning * width * LINE.working)
        grown = distance_to_outside(mask) + thinning
    return np.clip(grown, 0, 1)[room:-room, room:-room]
