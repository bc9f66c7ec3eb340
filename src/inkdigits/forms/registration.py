"""Find a form that has no markers in a photo or scan, by its print, and straighten it.

Features of the reference scan and of the picture are matched, and a homography that most of the
matches agree on brings the picture onto the reference. Patches of the reference's print are then
searched around their places: they refine the homography, follow what curl is left, and decide
whether the page is this form at all. Patches in which people write are not used.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.reference import (
    TUNING,
    Reference,
    corners,
    even,
    features,
    reduced,
    transformed,
    warped,
)
from inkdigits.forms.registration_checks import (
    RegistrationError,
    check_field_print,
    check_fields,
    check_light,
    check_print,
)


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


def register(reference: Reference, picture: Pixels) -> Registration:
    """Find a form in a picture, in any orientation, and straighten it.

    picture  uint8 (H, W) gray, or (H, W, C)
    raises   RegistrationError if the form is not in the picture, or not all of its fields
    """
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2GRAY)
    scale = min(1.0, TUNING.side_px / max(gray.shape))
    small = reduced(gray, scale)
    picture_print = even(small)
    homography = _coarse(reference, picture_print)
    check_fields(reference, homography, small.shape)
    check_light(reference, warped(small, homography, reference.gray.shape))
    straight = warped(picture_print, homography, reference.gray.shape)
    for search_px in TUNING.search_px:
        shifts, correlations = _search(reference, straight, search_px)
        is_found = correlations >= TUNING.found
        homography = homography @ _shift_homography(reference.centers, shifts, is_found)
        straight = warped(picture_print, homography, reference.gray.shape)
    shifts, correlations = _search(reference, straight, TUNING.search_px[-1])
    is_found = _agreeing(reference, shifts, correlations >= TUNING.found)
    check_print(reference, is_found)
    check_field_print(reference, straight)
    full = np.linalg.inv(_scaling(scale)) @ homography @ _scaling(reference.scale)
    image = _straightened(picture, full, reference, shifts, is_found)
    return Registration(image, full / full[2, 2], float(is_found.mean()))


def _coarse(reference: Reference, picture: Pixels) -> Array:
    """Match features, and return the homography from the reference to the picture, both reduced."""
    points, descriptors = features(picture)
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
        pair[0]
        for pair in pairs
        if len(pair) == 2 and pair[0].distance < TUNING.ratio * pair[1].distance
    ]
    if len(good) < TUNING.min_inliers:
        raise refusal
    source = reference.points[[match.queryIdx for match in good]]
    target = points[[match.trainIdx for match in good]]
    homography, inliers = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, TUNING.tolerance_px, maxIters=5000, confidence=0.999
    )
    if (
        homography is None
        or int(inliers.sum()) < TUNING.min_inliers
        or not _is_plausible(homography, reference.gray.shape)
    ):
        raise refusal
    return homography


def _is_plausible(homography: Array, shape: tuple[int, ...]) -> bool:
    """Tell whether a page seen through this homography is a convex quadrilateral, not mirrored."""
    seen = transformed(corners((0, 0, shape[1], shape[0])), homography)
    sides = np.roll(seen, -1, axis=0) - seen
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    lengths = np.linalg.norm(sides, axis=1)
    return bool((turns > 0).all() and lengths.min() > 0.2 * lengths.max())


def _search(
    reference: Reference, straight: Pixels, search_px: int
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
        window = straight[y - reach : y + reach, x - reach : x + reach]
        # A picture that is sharper or more blurred than the reference is the same form.
        table = cv2.matchTemplate(
            cv2.GaussianBlur(window, (0, 0), 1),
            cv2.GaussianBlur(patch, (0, 0), 1),
            cv2.TM_CCOEFF_NORMED,
        )
        _, correlations[number], _, (column, row) = cv2.minMaxLoc(table)
        peak = column + _peak(table[row], column), row + _peak(table[:, column], row)
        shifts[number] = np.array(peak) - search_px
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


def _straightened(
    picture: Pixels,
    homography: Array,
    reference: Reference,
    shifts: NDArray[np.float32],
    is_found: NDArray[np.bool_],
) -> Pixels:
    """Bring a picture onto the reference; what curl is left is a smooth shift of patches."""
    height, width = reference.shape
    centers = reference.centers[is_found].astype(np.float64) / reference.scale
    moves = shifts[is_found].astype(np.float64) / reference.scale
    size = (width, height)
    basis = _cubic(centers / size)
    if len(basis) < 4 * basis.shape[1] or np.abs(moves).max() < 0.5 / reference.scale:
        return cv2.warpPerspective(
            picture, homography, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    weights = _ridge(basis, moves)
    columns, rows = np.meshgrid(np.arange(0, width, 8), np.arange(0, height, 8))
    grid = np.stack([columns, rows], axis=-1).astype(np.float64).reshape(-1, 2)
    moved = transformed(grid + _cubic(grid / size) @ weights, homography)
    coarse = moved.reshape(*columns.shape, 2).astype(np.float32)
    # Between the points of the grid the map is all but straight.
    where_x = np.clip(np.arange(width, dtype=np.float32) / 8, 0, coarse.shape[1] - 1)
    where_y = np.clip(np.arange(height, dtype=np.float32) / 8, 0, coarse.shape[0] - 1)
    places = np.meshgrid(where_x, where_y)
    fine = cv2.remap(coarse, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.remap(picture, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _scaling(factor: float) -> Array:
    """Return the matrix from a picture's pixels to those of a smaller one, with centers at 0.5."""
    middle = (factor - 1) / 2
    return np.array([[factor, 0, middle], [0, factor, middle], [0, 0, 1]])


def _agreeing(
    reference: Reference, shifts: NDArray[np.float32], is_found: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which of the patches that were found moved as their neighbors did; bool (P,).

    Other print is similar here and there, but not at the same places.
    """
    height, width = reference.gray.shape
    basis = _cubic(reference.centers / (width, height))
    is_near = is_found
    for _ in range(3):
        if int(is_near.sum()) < 4 * basis.shape[1]:
            break
        fitted = basis @ _ridge(basis[is_near], shifts[is_near])
        is_near = is_found & (np.linalg.norm(fitted - shifts, axis=1) < TUNING.agreement_px)
    return is_near


def _cubic(points: Array) -> Array:
    """Return the ten monomials up to degree three of points (N, 2) in [0, 1]."""
    x, y = 2 * points[:, 0] - 1, 2 * points[:, 1] - 1
    powers = [x**i * y**j for i in range(4) for j in range(4 - i)]
    return np.stack(powers, axis=1)


def _ridge(basis: Array, moves: Array) -> Array:
    gram = basis.T @ basis + 0.0003 * len(basis) * np.eye(basis.shape[1])
    return np.linalg.solve(gram, basis.T @ moves)
