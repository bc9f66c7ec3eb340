"""Straighten a photographed page: first by its four markers, then by the lines of its boxes."""

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.layout import Layout
from inkdigits.forms.markers import FoundMarkers, marker_points

PX_PER_MM = 8  # of a straightened page
_BEND_STEP_MM = 4  # between the points at which a bend is computed; it is smooth


@dataclass(frozen=True)
class Plane:
    """A flat page in a picture.

    matrix       float64 (3, 3), from millimeters on the page to pixels of the picture
    error_mm     root mean square distance of the markers' corners from where a flat page has them
    px_per_mm    the least resolution of the picture anywhere on the page
    """

    matrix: Array
    error_mm: float
    px_per_mm: float


@dataclass(frozen=True)
class Bend:
    """How far a page is from flat: a polynomial in both directions.

    coefficients  float64 (T, 2), for each term the displacement in x and y, in millimeters
    size          width and height of the page, in millimeters
    """

    coefficients: Array
    size: tuple[float, float]

    def at(self, points: Array) -> Array:
        """Return the displacements at points of the page, both float64 (N, 2) in millimeters."""
        return bend_terms(points, self.size) @ self.coefficients


def bend_terms(points: Array, size: tuple[float, float]) -> Array:
    """Return the values of a bend's terms: the products of powers up to the fourth degree.

    points   float64 (N, 2), in millimeters
    returns  float64 (N, 15)
    """
    x, y = (2 * points / size - 1).T
    powers = [(i, degree - i) for degree in range(5) for i in range(degree + 1)]
    return np.stack([x**i * y**j for i, j in powers], axis=1)


def find_plane(found: FoundMarkers, layout: Layout) -> Plane | None:
    """Find the flat page whose markers are nearest to those that were found.

    found    four markers
    returns  None if they are not the markers of a page that a camera sees from the front
    """
    numbers = sorted(found.corners)
    page = marker_points(layout.markers, numbers)
    picture = np.concatenate([found.corners[number] for number in numbers])
    matrix, _ = cv2.findHomography(page, picture)
    if matrix is None or not np.isfinite(matrix).all():
        return None
    whole = np.array([(0, 0), (layout.width, 0), (layout.width, layout.height), (0, layout.height)])
    if (np.c_[whole, np.ones(4)] @ matrix[2] <= 0).any():  # behind the camera
        return None
    back = _transform(np.linalg.inv(matrix), picture)
    error = float(np.sqrt(np.mean(np.sum((back - page) ** 2, axis=1))))
    grid = np.stack(np.meshgrid([0.05, 0.5, 0.95], [0.05, 0.5, 0.95]), -1).reshape(-1, 2)
    grid *= (layout.width, layout.height)
    here = _transform(matrix, grid)
    right, below = (_transform(matrix, grid + step) - here for step in ((1, 0), (0, 1)))
    # Of a tilted page the resolution differs with the direction; the smallest singular value.
    jacobians = np.stack([right, below], axis=-1)
    return Plane(matrix, error, float(np.linalg.svd(jacobians, compute_uv=False).min()))


def straighten(picture: Pixels, plane: Plane, layout: Layout, bend: Bend | None = None) -> Pixels:
    """Cut out a page, as if it had been scanned at PX_PER_MM.

    picture  uint8 (H, W, 3)
    returns  uint8 (height, width, 3)
    """
    height, width = (round(PX_PER_MM * side) for side in (layout.height, layout.width))
    picture, matrix = _reduce(picture, plane)
    # The first pixel's center is half a pixel from the page's edge.
    scale = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, PX_PER_MM]]) / PX_PER_MM
    if bend is None:
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        result: Pixels = cv2.warpPerspective(
            picture, matrix @ scale, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
        )
        return result
    x = np.arange(0, width + _BEND_STEP_MM * PX_PER_MM, _BEND_STEP_MM * PX_PER_MM)
    y = np.arange(0, height + _BEND_STEP_MM * PX_PER_MM, _BEND_STEP_MM * PX_PER_MM)
    grid = (np.stack(np.meshgrid(x, y), -1).reshape(-1, 2) + 0.5) / PX_PER_MM
    places = _transform(matrix, grid + bend.at(grid)).reshape(len(y), len(x), 2)
    # From one point of the grid to the next, the map is linear.
    columns = (np.arange(width) / (_BEND_STEP_MM * PX_PER_MM)).astype(np.float32)
    rows = (np.arange(height) / (_BEND_STEP_MM * PX_PER_MM)).astype(np.float32)
    maps = cv2.remap(
        places.astype(np.float32), *np.meshgrid(columns, rows), interpolation=cv2.INTER_LINEAR
    )
    bent: Pixels = cv2.remap(
        picture, maps, None, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return bent


def _reduce(picture: Pixels, plane: Plane) -> tuple[Pixels, Array]:
    """Scale a picture down that has more than twice the resolution, so that none of it is skipped.

    returns  the picture, and the plane's matrix in it
    """
    factor = int(plane.px_per_mm / PX_PER_MM)
    if factor < 2:
        return picture, plane.matrix
    height, width = (side // factor for side in picture.shape[:2])
    cropped = picture[: height * factor, : width * factor]
    small: Pixels = cv2.resize(cropped, (width, height), interpolation=cv2.INTER_AREA)
    middle = (1 / factor - 1) / 2
    scale = np.array([[1 / factor, 0, middle], [0, 1 / factor, middle], [0, 0, 1]])
    return small, scale @ plane.matrix


def _transform(matrix: Array, points: Array) -> Array:
    transformed: Array = cv2.perspectiveTransform(points[None].astype(np.float64), matrix)[0]
    return transformed
