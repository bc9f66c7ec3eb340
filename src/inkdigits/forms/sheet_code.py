"""The text in a printed page's QR code: of which form it is, and which page of which copy.

In pictures of few pixels, OpenCV's `QRCodeDetector` finds the code in the straightened page more
often than in the picture: `detectAndDecode` there, and if it fails, `decode` with the corners of
`Layout.code`, found 59 of 60 codes of 60 pixels, and 56 to 58 of 60 of 48 pixels.
"""

import re
from dataclasses import dataclass

from inkdigits.forms.layout import LAYOUT_VERSION

MAX_COPY = 99_999

# 20 characters of QR's alphanumeric set: the most for a code of 21x21 modules that corrects 15%.
_PATTERN = re.compile(r"I([0-9A-Z])([A-Z2-7]{8})([0-9]{3})([0-9]{5})([0-9]{2})", re.ASCII)


@dataclass(frozen=True)
class SheetCode:
    """What identifies a printed page.

    identity  the form's identity
    rows      how many rows a copy has, over all pages: with the form, it decides the layout
    copy      number of the copy, from 1
    page      number of the page, from 1
    """

    identity: str
    rows: int
    copy: int
    page: int

    def to_text(self) -> str:
        """Write the text of the QR code."""
        return f"I{LAYOUT_VERSION}{self.identity}{self.rows:03}{self.copy:05}{self.page:02}"

    @classmethod
    def from_text(cls, text: str) -> "SheetCode | None":
        """Parse the text of a QR code; None if it is not on a page of ours with this layout."""
        match = _PATTERN.fullmatch(text)
        if match is None or match[1] != str(LAYOUT_VERSION):
            return None
        return cls(match[2], int(match[3]), int(match[4]), int(match[5]))
