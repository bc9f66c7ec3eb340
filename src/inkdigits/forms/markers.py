"""Find the four markers of a sheet in a picture, in any orientation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.layout import MARKER_DICTIONARY, Marker, Rectangle

# Longer sides of the picture in which markers are searched for, one after the other: in a large
# picture noise breaks their outlines, in a small one distant markers are too small. A small picture
# is enlarged if that fails.
SEARCH_PX = (1400, 2400, 4000)
MIN_MARKER_PX = 10  # a side that is shorter cannot be told from noise
_AROUND_MM = 15  # of where a marker should be; paper bends
_PX_PER_MM = 8
SAME_PLACE = 0.5  # of a marker's side; two markers nearer to each other are the same one


@dataclass(frozen=True)
class FoundMarkers:
    """The markers of one sheet.

    corners      by number, 0 to 3: float64 (4, 2), x and y of the corners in pixels, from the upper
                 left one clockwise, as printed
    is_mirrored  whether they were found in the mirror image alone
    several      whether a marker was found twice, so that there is more than one sheet
    """

    corners: dict[int, Array]
    is_mirrored: bool = False
    several: bool = False


def find_markers(gray: Pixels, markers: Sequence[Marker]) -> FoundMarkers:
    """Find the markers of a sheet.

    gray     uint8 (H, W)
    markers  of the layout
    """
    found = _search(gray)
    if len(found.corners) == 3:
        found = _complete(gray, found, markers)
    if len(found.corners) < 3 and not found.several:
        mirrored = _search(np.ascontiguousarray(gray[:, ::-1]))
        if len(mirrored.corners) > len(found.corners) + 1:
            return FoundMarkers(mirrored.corners, True, mirrored.several)
    return found


def marker_points(markers: Sequence[Marker], numbers: Sequence[int]) -> Array:
    """Return the corners of markers on the page, in the order in which they are found.

    returns  float64 (4 * N, 2), x and y in millimeters
    """
    places = {marker.id: marker.place for marker in markers}
    return np.concatenate([_corners(places[number]) for number in numbers])


def _corners(place: Rectangle) -> Array:
    return np.array(
        [
            (place.left, place.top),
            (place.right, place.top),
            (place.right, place.bottom),
            (place.left, place.bottom),
        ]
    )


def _search(gray: Pixels) -> FoundMarkers:
    """Search at several sizes until all four are found; keep what each size adds."""
    corners: dict[int, Array] = {}
    several = False
    longer = max(gray.shape)
    sizes = [size for size in SEARCH_PX if size < longer] or [longer]
    if longer < SEARCH_PX[1]:
        sizes.append(2 * longer)
    for size in sizes:
        scale = size / longer
        picture = gray
        if scale != 1:
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            picture = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=how)
        for number, found in _detect(picture):
            # Pixels have their centers at whole numbers in both pictures.
            place = (found + 0.5) / scale - 0.5
            side = np.linalg.norm(place[0] - place[1])
            if number not in corners:
                corners[number] = place
            elif np.linalg.norm(place.mean(0) - corners[number].mean(0)) > SAME_PLACE * side:
                several = True
        if len(corners) == 4:
            break
    return FoundMarkers({n: _refine(gray, corners[n]) for n in sorted(corners)}, False, several)


def _complete(gray: Pixels, found: FoundMarkers, markers: Sequence[Marker]) -> FoundMarkers:
    """Look for the fourth marker where the other three say that it is, in a straightened copy."""
    (missing,) = set(range(4)) - set(found.corners)
    numbers = list(found.corners)
    page = marker_points(markers, numbers)
    matrix, _ = cv2.findHomography(page, np.concatenate([found.corners[n] for n in numbers]))
    place = marker_points(markers, [missing])
    if matrix is None:
        return found
    low = place.min(0) - _AROUND_MM
    scale = np.diag([1 / _PX_PER_MM, 1 / _PX_PER_MM, 1])
    scale[:2, 2] = low
    side = round((np.ptp(place[:, 0]) + 2 * _AROUND_MM) * _PX_PER_MM)
    picture = cv2.warpPerspective(
        gray,
        matrix @ scale,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    for number, corners in _detect(picture):
        if number == missing:
            back = cv2.perspectiveTransform(corners[None], matrix @ scale)[0]
            return FoundMarkers({**found.corners, missing: _refine(gray, back)})
    return found


def _detect(picture: Pixels) -> list[tuple[int, Array]]:
    """Return the number and the corners of each marker with a number from 0 to 3."""
    corners, numbers, _ = _detector().detectMarkers(picture)
    if numbers is None:
        return []
    return [
        (int(number), place.reshape(4, 2).astype(np.float64))
        for number, place in zip(numbers.ravel(), corners, strict=True)
        if number < 4
        and np.linalg.norm(place.reshape(4, 2) - np.roll(place.reshape(4, 2), 1, 0), axis=1).min()
        >= MIN_MARKER_PX
    ]


def _detector() -> Any:
    # Not kept: a detector has a state, and may be used by one thread only.
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    parameters.minMarkerPerimeterRate = 0.02
    parameters.adaptiveThreshWinSizeMax = 33  # for markers that are a large part of the picture
    parameters.adaptiveThreshConstant = 5  # lower than usual, for markers in the shadow
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    return cv2.aruco.ArucoDetector(dictionary, parameters)


def _refine(gray: Pixels, corners: Array) -> Array:
    """Move corners to where the edges beside them meet, to a fraction of a pixel."""
    side = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).min()
    window = int(np.clip(side / 12, 2, 15))  # half of a marker's module
    points = corners.astype(np.float32).reshape(-1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.01)
    refined = cv2.cornerSubPix(gray, points, (window, window), (-1, -1), stop).reshape(4, 2)
    moved = np.linalg.norm(refined - corners, axis=1)
    refined[moved > window] = corners[moved > window]
    return refined.astype(np.float64)
