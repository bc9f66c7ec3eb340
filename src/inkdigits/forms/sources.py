"""The pages in photos, scans and PDF files, one after the other, within limits."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.forms import pdf
from inkdigits.imaging import tiff
from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.limits import LARGE_FILES

SOURCE_SUFFIXES = SUFFIXES | {".pdf"}
PAGED_SUFFIXES = {".pdf", ".tif", ".tiff"}  # of files that may have many pages
MAX_TIFF_PAGES = 500
_NEW_SUBFILE_TYPE = 254  # the tag of the field that says what a page of a TIFF is


class PageError(Exception):
    """A file or a page of it cannot be read; the message is a sentence."""


@dataclass(frozen=True)
class Source:
    """A file with pages of sheets.

    path    as the user named it
    digest  SHA-256 of its content, in hexadecimal
    pages   how many it has
    """

    path: str
    digest: str
    pages: int


def open_source(path: str) -> Source:
    """Look into a file: what it is, and how many pages it has.

    raises  PageError
    """
    data = _read(path)
    digest = hashlib.sha256(data).hexdigest()
    if pdf.is_pdf(data[: pdf.SIGNATURE_WITHIN]):
        try:
            return Source(path, digest, pdf.count_pages(path))
        except pdf.PdfError as error:
            raise PageError(str(error)) from None
    if data.startswith(tiff.SIGNATURES):
        return Source(path, digest, max(1, len(_tiff_pages(data))))
    return Source(path, digest, 1)


def load_page(path: str, number: int) -> Pixels:
    """Decode or render a page.

    number   1 is the first, and that of a picture
    returns  uint8 (H, W, 3), blue, green, red; transparent pixels are white
    raises   PageError
    """
    data = _read(path)
    try:
        if pdf.is_pdf(data[: pdf.SIGNATURE_WITHIN]):
            return pdf.render_page(path, number)
        if data.startswith(tiff.SIGNATURES) and (pages := _tiff_pages(data)):
            # Its header points to the first page; a copy that points to another one is a file of
            # that page, which is checked as every file is.
            start = struct.pack("<I" if data[:1] == b"I" else ">I", pages[number - 1])
            data = data[:4] + start + data[8:]
        rgba = decode(data, limits=LARGE_FILES)
    except (ImageError, pdf.PdfError) as error:
        raise PageError(str(error)) from None
    del data
    colors: Pixels = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGR)
    alpha = rgba[..., 3]
    if int(alpha.min()) < 255:
        share = alpha[..., None].astype(np.float32) / 255
        colors = np.rint(colors * share + 255 * (1 - share)).astype(np.uint8)
    return colors


def _read(path: str) -> bytes:
    try:
        if not Path(path).is_file():
            reason = "is not a file" if Path(path).exists() else "does not exist; check the name"
            raise PageError(f"The file {reason}.")
        with open(path, "rb") as file:
            data = file.read(LARGE_FILES.bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise PageError(f"The file cannot be read ({reason}); make it accessible.") from None
    if len(data) > LARGE_FILES.bytes:
        raise PageError(
            f"The file has more than the {LARGE_FILES.bytes:,} bytes allowed; split it, or scan at "
            "a lower resolution."
        )
    return data


def _tiff_pages(data: bytes) -> list[int]:
    """Return where each page of a TIFF is declared, at most MAX_TIFF_PAGES; thumbnails are none.

    A damaged file may have none.
    """
    order = "<" if data[:1] == b"I" else ">"
    found: list[int] = []
    seen: set[int] = set()
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        while start and start not in seen and len(seen) < MAX_TIFF_PAGES:
            seen.add(start)
            (count,) = struct.unpack_from(order + "H", data, start)
            if not _is_thumbnail(data, order, start, count):
                found.append(start)
            (start,) = struct.unpack_from(order + "I", data, start + 2 + 12 * count)
    except struct.error:
        pass
    return found


def _is_thumbnail(data: bytes, order: str, start: int, count: int) -> bool:
    """Return whether the page says that it is a smaller copy of another one."""
    for place in range(start + 2, start + 2 + 12 * min(count, tiff.MAX_FIELDS), 12):
        tag, _, _, value = struct.unpack_from(order + "HHII", data, place)
        if tag == _NEW_SUBFILE_TYPE:
            return bool(value & 1)
    return False
