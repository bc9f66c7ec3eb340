"""Whether a picture of a sheet is good enough, and if not, why, in one sentence for people."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.ink import cut
from inkdigits.forms.layout import Layout, Marker, Rectangle
from inkdigits.forms.markers import FoundMarkers, marker_points
from inkdigits.forms.straighten import PX_PER_MM, Plane


@dataclass(frozen=True)
class QualitySettings:
    """What a picture of a sheet must have.

    px_per_mm      resolution, anywhere on the page
    blur_mm        most width of an edge, as the standard deviation of the blur
    light          least level of the paper, of 255
    light_ratio    least level of the paper, compared with its brightest part
    bent_mm        most distance of the markers from a flat page's; lines must then be seen
    bent_limit_mm  most distance, whether lines are seen or not
    seen           least share of the fields whose lines are seen, if the page is bent
    """

    px_per_mm: float = 1.6
    blur_mm: float = 0.75
    light: float = 30
    light_ratio: float = 0.15
    bent_mm: float = 0.35
    bent_limit_mm: float = 2.5
    seen: float = 0.5


QUALITY = QualitySettings()

NO_MARKERS = (
    "No markers were found, so there is no sheet in the picture, or it is too small or too "
    "blurred: photograph the whole sheet from above."
)
SEVERAL = (
    "A marker was found more than once, so there are several sheets in the picture: photograph "
    "each by itself."
)
ONE_MARKER = (
    "Only one of the four markers was found: photograph the whole sheet from above, sharp and "
    "evenly lit."
)
MIRRORED = "The picture is mirrored: switch off mirroring, or use another camera."
NOT_A_SHEET = (
    "The markers that were found are not those of one sheet: photograph the sheet by itself, from "
    "above."
)
NO_CODE = (
    "The code in the upper right corner cannot be read, so it is not known which sheet this is: it "
    "may be covered, too blurred, or another version's."
)
WRONG_SHEET = (
    "This is a sheet of another form, or of this one before its title, page, names or lengths were "
    "changed: name the file that it was printed from."
)
WRONG_ROWS = (
    "The code of this sheet does not fit the form, whose fields may have been changed: use the "
    "file that it was printed from."
)
TOO_SMALL = (
    "The sheet is too small in the picture, or photographed too much from the side: fill the "
    "picture with it, from above."
)
TOO_BLURRED = "The picture is too blurred: hold the camera still, and let it focus on the sheet."
DARK = "A part of the sheet is too dark: photograph it in more light, without a shadow on it."
BENT = "The sheet is bent or crumpled: press it flat."


def marker_problem(found: FoundMarkers, layout: Layout, shape: tuple[int, ...]) -> str | None:
    """Say what is wrong with the markers that were found, if anything is.

    shape   of the picture, height and width first
    """
    if not found.corners:
        return NO_MARKERS
    if found.several:
        return SEVERAL
    if found.is_mirrored:
        return MIRRORED
    missing = sorted(set(range(4)) - set(found.corners))
    if not missing:
        return None
    if len(missing) > 2:
        return ONE_MARKER
    names = ("upper left", "upper right", "lower right", "lower left")
    which = " and the ".join(names[number] for number in missing)
    markers = f"The {which} marker{'s' if len(missing) > 1 else ''}"
    were = "were" if len(missing) > 1 else "was"
    if _is_outside(found, missing, layout, shape):
        return f"{markers} {were} cut off: photograph or scan the whole sheet."
    return (
        f"{markers} {were} not found: unfold the corner, and let nothing cover, blur or darken it."
    )


def light_problem(paper: Pixels, layout: Layout) -> str | None:
    """Say whether a part of the page is too dark.

    paper   uint8 (h, w, 3), as `paper.estimate_paper` returns it
    """
    gray = paper.max(axis=2)
    scale = gray.shape[0] / layout.height
    # Without the margins and the black squares: only where the fields are.
    table = gray[round(36 * scale) : round((layout.height - 24) * scale)]
    table = table[:, round(10 * scale) : round((layout.width - 10) * scale)]
    darkest, brightest = (float(level) for level in np.percentile(table, (1, 99)))
    is_dark = darkest < QUALITY.light or darkest < QUALITY.light_ratio * brightest
    return DARK if is_dark else None


def sharpness_problem(gray: Pixels, plane: Plane, layout: Layout) -> str | None:
    """Say whether the picture has too few pixels, or is blurred.

    gray    uint8 (H, W), of the straightened page
    """
    if plane.px_per_mm < QUALITY.px_per_mm:
        return TOO_SMALL
    blur = max(edge_blur(gray, marker) for marker in layout.markers)
    return TOO_BLURRED if blur > QUALITY.blur_mm else None


def flatness_problem(plane: Plane, seen: NDArray[np.bool_]) -> str | None:
    """Say whether the page is too far from flat.

    seen    bool (N,), whether the lines of each field were found
    """
    share = float(np.mean(seen))
    if plane.error_mm > QUALITY.bent_limit_mm:
        return BENT
    return BENT if plane.error_mm > QUALITY.bent_mm and share < QUALITY.seen else None


def edge_blur(gray: Pixels, marker: Marker) -> float:
    """Return how blurred the edges of a marker are, in millimeters: a standard deviation.

    gray    uint8 (H, W), of the straightened page
    """
    place, reach = marker.place, 1.6
    sides = (
        Rectangle(place.left - reach, place.top + 2, 2 * reach, place.height - 4),
        Rectangle(place.right - reach, place.top + 2, 2 * reach, place.height - 4),
        Rectangle(place.left + 2, place.top - reach, place.width - 4, 2 * reach),
        Rectangle(place.left + 2, place.bottom - reach, place.width - 4, 2 * reach),
    )
    widths = []
    for number, side in enumerate(sides):
        part = cut(gray, side).astype(np.float32)
        profile = part if number < 2 else part.T
        widths += [_width(row) for row in _averaged(profile)]
    return float(np.median(widths)) / PX_PER_MM


def _averaged(profiles: Array) -> Array:
    """Average a few neighboring profiles each: an edge may be a little aslant, and noisy."""
    count = max(1, len(profiles) // PX_PER_MM)
    return np.stack([part.mean(axis=0) for part in np.array_split(profiles, count)])


def _width(profile: Array) -> float:
    """Return the standard deviation of an edge's derivative, in pixels."""
    profile = cv2.GaussianBlur(profile[None], (0, 0), 0.8)[0]
    slope = np.abs(np.diff(profile))
    slope = np.where(slope > 0.1 * slope.max(), slope, 0)
    middle = int(slope.argmax())
    # Only the edge itself: from the steepest place until it is flat on both sides.
    first, last = middle, middle
    while first > 0 and slope[first - 1]:
        first -= 1
    while last < len(slope) - 1 and slope[last + 1]:
        last += 1
    weights, places = slope[first : last + 1], np.arange(first, last + 1)
    if not weights.sum():
        return float(len(profile))
    mean = (weights * places).sum() / weights.sum()
    variance = (weights * (places - mean) ** 2).sum() / weights.sum() - 0.64
    return float(np.sqrt(max(variance, 0)))


def _is_outside(
    found: FoundMarkers, missing: list[int], layout: Layout, shape: tuple[int, ...]
) -> bool:
    """Return whether the missing markers are beyond the border, as far as the others tell."""
    numbers = sorted(found.corners)
    page = marker_points(layout.markers, numbers)
    picture = np.concatenate([found.corners[number] for number in numbers])
    matrix, _ = cv2.findHomography(page, picture)
    if matrix is None:
        return False
    places = cv2.perspectiveTransform(marker_points(layout.markers, missing)[None], matrix)[0]
    outside = (places < 0).any(axis=1) | (places >= shape[1::-1]).any(axis=1)
    return bool(outside.reshape(-1, 4).any(axis=1).any())
