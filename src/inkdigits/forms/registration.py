"""Find a form that has no markers in a photo or scan, by its print, and straighten it.

Features of the reference scan and of the picture are matched, and a homography that most of the
matches agree on brings the picture onto the reference. Patches of the reference's print are then
searched around their places: they refine the homography, follow what curl is left, and decide
whether the page is this form at all. Patches in which people write are not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels

# left, top, width and height, in pixels of the reference
Rectangle: TypeAlias = tuple[int, int, int, int]
Reason: TypeAlias = Literal["no_form", "wrong_sheet", "cut_off", "blurred"]


@dataclass(frozen=True)
class Tuning:
    """How a form is found, and when a page is not taken for it.

    side_px         longer side of the pictures in which features are found
    features        the most features of a picture
    ratio           how much nearer than the second nearest match a match must be
    min_inliers     fewest matches that must agree on the homography
    tolerance_px    how far a match that agrees may be off, at `side_px`
    patch_px        side of a patch of print, at `side_px`
    patches         the most patches, spread over the page
    min_texture     standard deviation of a patch that has print on it, in levels of 255
    search_px       how far around its place a patch is searched, on the first and second round
    found           correlation from which on a patch counts as found
    min_found       share of the patches that must be found ...
    min_agreement   ... and of the tiles of the page, of which half the patches must be
    min_patches     fewest patches of a usable reference
    border_px       how far around a field its own print is looked for, at `side_px`
    min_field_print share of the print of a field, such as the lines of its boxes, that must be there
    min_light       light at a field, relative to the page's brightest, below which it is in the dark
    """

    side_px: int = 1400
    features: int = 4000
    ratio: float = 0.8
    min_inliers: int = 16
    tolerance_px: float = 4.0
    patch_px: int = 32
    patches: int = 240
    min_texture: float = 12.0
    search_px: tuple[int, int] = (14, 7)
    found: float = 0.55
    min_found: float = 0.7
    min_agreement: float = 0.8
    min_patches: int = 24
    border_px: int = 4
    min_field_print: float = 0.3
    min_light: float = 0.2


TUNING = Tuning()
_TILES = (6, 4)  # rows and columns of the page, in each of which its print must be found


class RegistrationError(ValueError):
    """The form was not found in a picture; the message is one sentence for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Reference:
    """A reference scan with all that is needed to find it in pictures.

    shape        height and width of the reference, in pixels
    scale        of the reduced picture below, relative to the reference
    gray         uint8 (H, W), reduced
    points       float32 (N, 2), places of the features, in pixels of the reduced picture
    descriptors  float32 (N, 128)
    centers      int (P, 2), x and y of the middles of the patches, in pixels of the reduced picture
    fields       where people write
    """

    shape: tuple[int, int]
    scale: float
    gray: Pixels
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    centers: NDArray[np.int_]
    fields: tuple[Rectangle, ...]


@dataclass(frozen=True, eq=False)
class Registration:
    """A picture that was brought onto the reference.

    image       uint8 (H, W), or (H, W, C) as the picture: as large as the reference
    homography  float64 (3, 3), from the reference's pixels to the picture's
    found       share of the reference's patches of print that were found in the picture
    """

    image: Pixels
    homography: Array
    found: float


def prepare(reference: Pixels, fields: Sequence[Rectangle] = ()) -> Reference:
    """Find the features and the print of a reference scan, once for many pictures.

    reference  uint8 (H, W), gray
    fields     rectangles in which people write: their insides may look different in a picture
    raises     ValueError if there is too little print to find the form by
    """
    scale = min(1.0, TUNING.side_px / max(reference.shape))
    gray = _even(_reduced(reference, scale))
    points, descriptors = _features(gray)
    centers = _patches(gray, [_scaled(field, scale) for field in fields])
    if len(points) < 4 * TUNING.min_inliers or len(centers) < TUNING.min_patches:
        raise ValueError(
            "The reference has too little print outside of its fields for the form to be found in "
            "pictures; use a form with more text or lines, or one printed by `inkdigits form print`."
        )
    return Reference(
        (reference.shape[0], reference.shape[1]),
        scale, gray, points, descriptors, centers, tuple(fields),
    )  # fmt: skip


def register(reference: Reference, picture: Pixels) -> Registration:
    """Find a form in a picture, in any orientation, and straighten it.

    picture  uint8 (H, W) gray, or (H, W, C)
    raises   RegistrationError if the form is not in the picture, or not all of its fields
    """
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2GRAY)
    scale = min(1.0, TUNING.side_px / max(gray.shape))
    reduced = _even(_reduced(gray, scale))
    homography = _coarse(reference, reduced)
    _check_fields(reference, homography, reduced.shape)
    _check_light(reference, _warped(_reduced(gray, scale), homography, reference.gray.shape))
    warped = _warped(reduced, homography, reference.gray.shape)
    for search_px in TUNING.search_px:
        shifts, correlations = _search(reference, warped, search_px)
        is_found = correlations >= TUNING.found
        homography = homography @ _shift_homography(reference.centers, shifts, is_found)
        warped = _warped(reduced, homography, reference.gray.shape)
    shifts, correlations = _search(reference, warped, TUNING.search_px[-1])
    is_found = correlations >= TUNING.found
    _check_print(reference, is_found)
    _check_field_print(reference, warped)
    full = np.diag([1 / scale, 1 / scale, 1]) @ homography
    full = full @ np.diag([reference.scale, reference.scale, 1])
    image = _straightened(picture, full, reference, shifts, is_found)
    return Registration(image, full / full[2, 2], float(is_found.mean()))


def _reduced(gray: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return gray
    return cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _even(gray: Pixels) -> Pixels:
    """Divide by the light that falls on the paper, so that shadows do not look like print."""
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 21)
    paper = cv2.resize(paper, gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(gray, np.maximum(paper, 12), scale=240)


def _features(gray: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    sift = cv2.SIFT_create(TUNING.features)
    keypoints, descriptors = sift.detectAndCompute(gray, None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    # RootSIFT: the square roots of descriptors are compared, which weighs strong edges less.
    descriptors /= np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    return np.float32([point.pt for point in keypoints]), np.sqrt(descriptors)


def _patches(gray: Pixels, fields: Sequence[Rectangle]) -> NDArray[np.int_]:
    """Choose patches with print on them, outside of the fields, spread over the page.

    returns  int (P, 2), x and y of their middles
    """
    half = TUNING.patch_px // 2
    border = half + max(TUNING.search_px)
    levels = gray.astype(np.float32)
    size = (TUNING.patch_px, TUNING.patch_px)
    variance = cv2.blur(levels**2, size) - cv2.blur(levels, size) ** 2
    # A patch on a straight line can slide along it: both directions must have edges.
    corner = cv2.cornerMinEigenVal(gray, TUNING.patch_px, 3)
    corner[variance < TUNING.min_texture**2] = 0
    corner[:border], corner[-border:], corner[:, :border], corner[:, -border:] = 0, 0, 0, 0
    for left, top, width, height in fields:
        corner[max(0, top - half) : top + height + half, max(0, left - half) : left + width + half] = 0
    centers = []
    step = TUNING.patch_px
    for top in range(border, gray.shape[0] - border, step):
        for left in range(border, gray.shape[1] - border, step):
            cell = corner[top : top + step, left : left + step]
            row, column = np.unravel_index(int(cell.argmax()), cell.shape)
            if cell[row, column] > 0:
                centers.append((left + column, top + row, cell[row, column]))
    if not centers:
        return np.zeros((0, 2), int)
    table = np.array(centers)
    strong = table[table[:, 2] >= 0.05 * np.median(table[:, 2])]
    if len(strong) > TUNING.patches:
        strong = strong[np.linspace(0, len(strong) - 1, TUNING.patches).astype(int)]
    return strong[:, :2].astype(int)


def _coarse(reference: Reference, picture: Pixels) -> Array:
    """Match features, and return the homography from the reference to the picture, both reduced."""
    points, descriptors = _features(picture)
    refusal = RegistrationError(
        "no_form",
        "The form was not found in the picture; it may show another form, or be too dark or too "
        "blurred: take it again, from above and in even light.",
    )
    if len(points) < TUNING.min_inliers:
        raise refusal
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    pairs = matcher.knnMatch(reference.descriptors, descriptors, k=2)
    good = [
        pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < TUNING.ratio * pair[1].distance
    ]
    if len(good) < TUNING.min_inliers:
        raise refusal
    source = reference.points[[match.queryIdx for match in good]]
    target = points[[match.trainIdx for match in good]]
    homography, inliers = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, TUNING.tolerance_px, maxIters=5000, confidence=0.999
    )
    if homography is None or int(inliers.sum()) < TUNING.min_inliers or not _is_plausible(
        homography, reference.gray.shape
    ):
        raise refusal
    return homography


def _is_plausible(homography: Array, shape: tuple[int, ...]) -> bool:
    """Tell whether a page seen through this homography is a convex quadrilateral, not mirrored."""
    corners = _transformed(_corners((0, 0, shape[1], shape[0])), homography)
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    lengths = np.linalg.norm(sides, axis=1)
    return bool((turns > 0).all() and lengths.min() > 0.2 * lengths.max())


def _check_fields(reference: Reference, homography: Array, shape: tuple[int, ...]) -> None:
    for field in reference.fields:
        corners = _transformed(_corners(_scaled(field, reference.scale)), homography)
        if (corners < 0).any() or (corners > (shape[1], shape[0])).any():
            raise RegistrationError(
                "cut_off",
                "A part of the form with fields is outside of the picture; take the whole page.",
            )


def _check_light(reference: Reference, warped: Pixels) -> None:
    """Refuse a page of which a field is in the dark: noise there would look like ink."""
    # The paper between the print is as light as the lightest tenth of a place.
    levels = [np.percentile(_cut(warped, place), 90) for place in _field_places(reference)]
    if levels and min(levels) < TUNING.min_light * max(float(np.percentile(warped, 95)), 1.0):
        raise RegistrationError(
            "cut_off", "A part of the form is in the dark; take it again in even light."
        )


def _check_field_print(reference: Reference, warped: Pixels) -> None:
    """Refuse a page of which a field is covered or folded over, and would look empty.

    Handwriting adds ink to a field, and never removes its lines: so what counts is how much of the
    reference's ink is there, and not what else is.
    """
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in (reference.gray, warped)]
    for place in _field_places(reference):
        expected, there = (
            np.maximum(np.median(part) - part.astype(np.float32), 0)
            for part in (_cut(picture, place) for picture in blurred)
        )
        expected[expected < 8] = 0
        there = cv2.dilate(there, np.ones((7, 7), np.uint8))  # of curled paper, lines are beside
        if expected.mean() < 1:
            continue  # a field without lines: the print around it must do
        if np.minimum(expected, there).sum() < TUNING.min_field_print * expected.sum():
            raise RegistrationError(
                "cut_off",
                "A part of the form with fields is covered or folded over; lay it flat and take it "
                "again.",
            )


def _field_places(reference: Reference) -> list[Rectangle]:
    """Return the parts of all fields, about as wide as high, with what is just around them."""
    border = TUNING.border_px
    places = []
    for field in reference.fields:
        left, top, width, height = _scaled(field, reference.scale)
        count = max(1, round(width / height))
        edges = np.linspace(left, left + width, count + 1).round().astype(int).tolist()
        places += [
            (start - border, top - border, end - start + 2 * border, height + 2 * border)
            for start, end in pairwise(edges)
        ]
    return places


def _cut(picture: Pixels, place: Rectangle) -> Pixels:
    left, top, width, height = place
    return picture[max(0, top) : top + height, max(0, left) : left + width]


def _search(
    reference: Reference, warped: Pixels, search_px: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Search each patch of print around its place in a straightened picture.

    returns  float32 (P, 2), how far it was moved, x and y; and (P,), the correlation there
    """
    half = TUNING.patch_px // 2
    shifts = np.zeros((len(reference.centers), 2), np.float32)
    correlations = np.zeros(len(reference.centers), np.float32)
    for number, (x, y) in enumerate(reference.centers.tolist()):
        patch = reference.gray[y - half : y + half, x - half : x + half]
        reach = half + search_px
        window = warped[y - reach : y + reach, x - reach : x + reach]
        # A picture that is sharper or more blurred than the reference is the same form.
        table = cv2.matchTemplate(
            cv2.GaussianBlur(window, (0, 0), 1), cv2.GaussianBlur(patch, (0, 0), 1), cv2.TM_CCOEFF_NORMED
        )
        _, correlations[number], _, (column, row) = cv2.minMaxLoc(table)
        shifts[number] = (
            column + _peak(table[row], column) - search_px, row + _peak(table[:, column], row) - search_px
        )  # fmt: skip
    return shifts, correlations


def _peak(values: NDArray[np.float32], place: int) -> float:
    """Return how far the peak of a parabola through three values is from the middle one."""
    if not 0 < place < len(values) - 1:
        return 0.0
    before, at, after = (float(value) for value in values[place - 1 : place + 2])
    bend = before - 2 * at + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))


def _shift_homography(
    centers: NDArray[np.int_], shifts: NDArray[np.float32], is_found: NDArray[np.bool_]
) -> Array:
    """Return the homography that moves the patches by what most of them agree on."""
    if int(is_found.sum()) < 8:
        return np.eye(3)
    source = centers[is_found].astype(np.float32)
    homography, _ = cv2.findHomography(source, source + shifts[is_found], cv2.RANSAC, 2.5)
    return np.eye(3) if homography is None else homography


def _check_print(reference: Reference, is_found: NDArray[np.bool_]) -> None:
    """Refuse a page on which too much of the reference's print is missing, anywhere."""
    rows, columns = _TILES
    height, width = reference.gray.shape
    tile_of = (reference.centers[:, 1] * rows // height) * columns + (
        reference.centers[:, 0] * columns // width
    )
    in_tile = np.bincount(tile_of, minlength=rows * columns)
    found_in_tile = np.bincount(tile_of, is_found, minlength=rows * columns)
    has_print = in_tile >= 3
    agree = found_in_tile[has_print] >= 0.5 * in_tile[has_print]
    if is_found.mean() < TUNING.min_found or (len(agree) and agree.mean() < TUNING.min_agreement):
        raise RegistrationError(
            "wrong_sheet",
            "The print on the page differs from the reference's: it is another form, or a part of "
            "it is covered, folded or in the dark; take it again, or leave it out.",
        )


def _straightened(
    picture: Pixels,
    homography: Array,
    reference: Reference,
    shifts: NDArray[np.float32],
    is_found: NDArray[np.bool_],
) -> Pixels:
    """Bring a picture onto the reference; what curl is left is a smooth shift, fitted to patches."""
    height, width = reference.shape
    centers = reference.centers[is_found].astype(np.float64) / reference.scale
    moves = shifts[is_found].astype(np.float64) / reference.scale
    size = (width, height)
    near = np.abs(moves - np.median(moves, axis=0)).max(axis=1) < 3 / reference.scale
    basis = _cubic(centers[near] / size)
    if len(basis) < 4 * basis.shape[1] or np.abs(moves[near]).max() < 0.5 / reference.scale:
        return cv2.warpPerspective(
            picture, homography, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    weights = _ridge(basis, moves[near])
    columns, rows = np.meshgrid(np.arange(0, width, 8), np.arange(0, height, 8))
    grid = np.stack([columns, rows], axis=-1).astype(np.float64).reshape(-1, 2)
    moved = _transformed(grid + _cubic(grid / size) @ weights, homography)
    coarse = moved.reshape(*columns.shape, 2).astype(np.float32)
    # Between the points of the grid the map is all but straight.
    where_x = np.clip(np.arange(width, dtype=np.float32) / 8, 0, coarse.shape[1] - 1)
    where_y = np.clip(np.arange(height, dtype=np.float32) / 8, 0, coarse.shape[0] - 1)
    places = np.meshgrid(where_x, where_y)
    fine = cv2.remap(coarse, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.remap(picture, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _cubic(points: Array) -> Array:
    """Return the ten monomials up to degree three of points (N, 2) in [0, 1]."""
    x, y = 2 * points[:, 0] - 1, 2 * points[:, 1] - 1
    powers = [x**i * y**j for i in range(4) for j in range(4 - i)]
    return np.stack(powers, axis=1)


def _ridge(basis: Array, moves: Array) -> Array:
    gram = basis.T @ basis + 0.01 * len(basis) * np.eye(basis.shape[1])
    return np.linalg.solve(gram, basis.T @ moves)


def _scaled(rectangle: Rectangle, scale: float) -> Rectangle:
    left, top, width, height = (round(value * scale) for value in rectangle)
    return left, top, max(1, width), max(1, height)


def _corners(rectangle: Rectangle) -> Array:
    left, top, width, height = rectangle
    x = [left, left + width, left + width, left]
    return np.array([x, [top, top, top + height, top + height]], np.float64).T


def _transformed(points: Array, homography: Array) -> Array:
    moved: Any = cv2.perspectiveTransform(points.reshape(-1, 1, 2), homography)
    return moved.reshape(-1, 2)


def _warped(picture: Pixels, homography: Array, shape: tuple[int, ...]) -> Pixels:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, homography, shape[::-1], flags=flags)
