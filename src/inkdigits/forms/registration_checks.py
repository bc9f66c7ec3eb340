"""Whether a straightened picture shows the form of a reference scan, with all its fields."""

from itertools import pairwise
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.reference import TUNING, Area, Reference, corners, scaled, transformed

Reason: TypeAlias = Literal["no_form", "wrong_sheet", "cut_off"]
_TILES = (6, 4)  # rows and columns of the page, in each of which its print must be found


class RegistrationError(ValueError):
    """The form was not found in a picture; the message is one sentence for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_fields(reference: Reference, homography: Array, shape: tuple[int, ...]) -> None:
    """Refuse a picture that fields reach beyond; `shape` is the picture's."""
    for field in reference.fields:
        seen = transformed(corners(scaled(field, reference.scale)), homography)
        if (seen < 0).any() or (seen > (shape[1], shape[0])).any():
            raise RegistrationError(
                "cut_off",
                "A part of the form with fields is outside of the picture; take the whole page.",
            )


def check_print(reference: Reference, is_found: NDArray[np.bool_]) -> None:
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


def check_light(reference: Reference, straight: Pixels) -> None:
    """Refuse a page of which a field is in the dark: noise there would look like ink."""
    # The paper between the print is as light as the lightest tenth of a place.
    levels = [np.percentile(_cut(straight, place), 90) for place in _field_places(reference)]
    if levels and min(levels) < TUNING.min_light * max(float(np.percentile(straight, 95)), 1.0):
        raise RegistrationError(
            "cut_off", "A part of the form is in the dark; take it again in even light."
        )


def check_field_print(reference: Reference, straight: Pixels) -> None:
    """Refuse a page of which a field is covered or folded over, and would look empty.

    Handwriting adds ink to a field, and never removes its lines: so what counts is how much of the
    reference's ink is there, and not what else is.
    """
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in (reference.gray, straight)]
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


def _field_places(reference: Reference) -> list[Area]:
    """Return the parts of all fields, about as wide as high, with what is just around them."""
    border = TUNING.border_px
    places = []
    for field in reference.fields:
        left, top, width, height = scaled(field, reference.scale)
        count = max(1, round(width / height))
        edges = np.linspace(left, left + width, count + 1).round().astype(int).tolist()
        places += [
            (start - border, top - border, end - start + 2 * border, height + 2 * border)
            for start, end in pairwise(edges)
        ]
    return places


def _cut(picture: Pixels, place: Area) -> Pixels:
    left, top, width, height = place
    return picture[max(0, top) : top + height, max(0, left) : left + width]
