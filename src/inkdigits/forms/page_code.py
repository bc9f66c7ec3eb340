"""Decode the QR code of a straightened page."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.ink import cut
from inkdigits.forms.layout import Layout, Rectangle
from inkdigits.forms.sheet_code import SheetCode
from inkdigits.forms.straighten import PX_PER_MM

_AROUND_MM = 3.5  # of the code's place; the free space around the code is 4 mm
_SHARPENING = 2.5


def read_code(gray: Pixels, layout: Layout) -> SheetCode | None:
    """Decode the code of a page; None if there is none, or it is not one of ours.

    gray    uint8 (H, W), of a straightened page
    layout  of any form: the code is in the same place beside the second marker
    """
    code = layout.code
    wide = Rectangle(
        code.left - _AROUND_MM,
        code.top - _AROUND_MM,
        code.width + 2 * _AROUND_MM,
        code.height + 2 * _AROUND_MM,
    )
    detector = cv2.QRCodeDetector()
    side = _AROUND_MM * PX_PER_MM
    end = side + code.width * PX_PER_MM
    corners = np.array([[(side, side), (end, side), (end, end), (side, end)]], np.float32)
    for picture in _variants(np.ascontiguousarray(cut(gray, wide))):
        for place in (None, corners):
            text = _decode(detector, picture, place)
            if found := SheetCode.from_text(text):
                return found
    return None


def _decode(detector: Any, picture: Pixels, corners: Array | None) -> str:
    """Decode a code, after a search for it if its corners are not given; "" if it fails."""
    try:
        if corners is None:
            return str(detector.detectAndDecode(picture)[0])
        return str(detector.decode(picture, corners)[0])
    except (cv2.error, UnicodeDecodeError):  # what seemed to be a code, and is none
        return ""


def _variants(picture: Pixels) -> Iterator[Pixels]:
    """Yield the picture, and versions of it for a shadow and for blur."""
    yield picture
    yield cv2.createCLAHE(4.0, (4, 4)).apply(picture)
    for sigma in (PX_PER_MM / 4, PX_PER_MM / 2):
        blurred = cv2.GaussianBlur(picture, (0, 0), sigma)
        yield cv2.addWeighted(picture, 1 + _SHARPENING, blurred, -_SHARPENING, 0)
