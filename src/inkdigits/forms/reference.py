"""What of a reference scan is looked for in pictures: features, and patches of its print."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels

# left, top, width and height, in pixels of the reference
Area: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True)
class Tuning:
    """How a form is found, and when a page is not taken for it.

    side_px         longer side of the pictures that are compared
    features_px     ... and of those in which features are found
    features        the most features of a picture
    ratio           how much nearer than the second nearest match a match must be
    min_inliers     fewest matches that must agree on the homography
    tolerance_px    how far a match that agrees may be off, at `side_px`
    patch_px        side of a patch of print, at `side_px`
    patches         the most patches, spread over the page
    min_texture     standard deviation of a patch that has print on it, in levels of 255
    search_px       how far around its place a patch is searched, on the first and second round
    found           correlation from which on a patch counts as found ...
    agreement_px    ... if it is no farther from where its neighbors tell, at `side_px`
    min_found       share of the patches that must be found ...
    min_agreement   ... and of the tiles of the page, of which half the patches must be
    min_patches     fewest patches of a usable reference
    border_px       how far around a field its own print is looked for, at `side_px`
    min_field_print share of a field's own print, such as the lines of its boxes, that is there
    min_light       light at a field, relative to the page's brightest; with less it is dark
    """

    side_px: int = 1400
    features_px: int = 1000
    features: int = 4000
    ratio: float = 0.8
    min_inliers: int = 16
    tolerance_px: float = 4.0
    patch_px: int = 32
    patches: int = 240
    min_texture: float = 12.0
    search_px: tuple[int, int] = (14, 7)
    found: float = 0.55
    agreement_px: float = 1.5
    min_found: float = 0.7
    min_agreement: float = 0.8
    min_patches: int = 24
    border_px: int = 4
    min_field_print: float = 0.3
    min_light: float = 0.2


TUNING = Tuning()


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
    fields: tuple[Area, ...]


def prepare(reference: Pixels, fields: Sequence[Area] = ()) -> Reference:
    """Find the features and the print of a reference scan, once for many pictures.

    reference  uint8 (H, W), gray
    fields     rectangles in which people write: their insides may look different in a picture
    raises     ValueError if there is too little print to find the form by
    """
    scale = min(1.0, TUNING.side_px / max(reference.shape))
    gray = even(reduced(reference, scale))
    points, descriptors = features(gray)
    centers = _patches(gray, [scaled(field, scale) for field in fields])
    if len(points) < 4 * TUNING.min_inliers or len(centers) < TUNING.min_patches:
        raise ValueError(
            "there is too little print on the scan, outside of the fields, to find the form in "
            "pictures; print a form with `inkdigits form print` instead"
        )
    return Reference(
        (reference.shape[0], reference.shape[1]),
        scale, gray, points, descriptors, centers, tuple(fields),
    )  # fmt: skip


def reduced(gray: Pixels, scale: float) -> Pixels:
    """Scale a picture down."""
    if scale == 1:
        return gray
    return cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def even(gray: Pixels) -> Pixels:
    """Divide by the light that falls on the paper, so that shadows do not look like print."""
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 21)
    paper = cv2.resize(paper, gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(gray, np.maximum(paper, 12), scale=240)


def features(gray: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find features; returns their places, (N, 2), and descriptors, (N, 128).

    SIFT doubles the picture and keeps it a dozen times, so it sees a smaller one.
    """
    scale = min(1.0, TUNING.features_px / max(gray.shape))
    sift = cv2.SIFT.create(TUNING.features)
    keypoints, descriptors = sift.detectAndCompute(reduced(gray, scale), None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    # RootSIFT: the square roots of descriptors are compared, which weighs strong edges less.
    descriptors /= np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    places = np.array([point.pt for point in keypoints], np.float32) / np.float32(scale)
    return places, np.sqrt(descriptors)


def _patches(gray: Pixels, fields: Sequence[Area]) -> NDArray[np.int_]:
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
        corner[
            max(0, top - half) : top + height + half, max(0, left - half) : left + width + half
        ] = 0
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


def scaled(rectangle: Area, scale: float) -> Area:
    """Scale a rectangle, with sides of at least a pixel."""
    left, top, width, height = (round(value * scale) for value in rectangle)
    return left, top, max(1, width), max(1, height)


def corners(rectangle: Area) -> Array:
    """Return the corners of a rectangle, clockwise; float64 (4, 2)."""
    left, top, width, height = rectangle
    x = [left, left + width, left + width, left]
    return np.array([x, [top, top, top + height, top + height]], np.float64).T


def transformed(points: Array, homography: Array) -> Array:
    """Apply a homography to points (N, 2)."""
    moved: Any = cv2.perspectiveTransform(points.reshape(-1, 1, 2), homography)
    return moved.reshape(-1, 2)


def warped(picture: Pixels, homography: Array, shape: tuple[int, ...]) -> Pixels:
    """Bring a picture onto the reference, given the homography from there to the picture."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, homography, shape[::-1], flags=flags)
