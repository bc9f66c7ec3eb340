"""The font of a printed form: which texts it can draw, and how large they fit."""

import hashlib
import unicodedata
from io import BytesIO
from pathlib import Path

from inkdigits.escaping import shown
from inkdigits.forms.form import FormError
from inkdigits.storage.files import FileError, read_file

MAX_FONT_BYTES = 2**25  # fonts for Chinese, Japanese and Korean have 5 to 20 MB
LINE_HEIGHT = 1.2  # of the size of the font

# A layout engine, which reportlab does not include, chooses and orders the shapes of these.
_RIGHT_TO_LEFT = ("R", "AL")
_COMBINING = ("Mn", "Mc", "Me")


class Fonts:
    """A regular and a bold font, which reportlab knows by the names `regular` and `bold`."""

    def __init__(self, font: Path | None = None) -> None:
        """Load a TrueType font, or Bitstream Vera, which reportlab ships.

        raises   FileError if the file is not a font that reportlab can embed
        """
        self.regular, self._glyphs = _register(font, "Vera.ttf")
        self.bold, _ = _register(font, "VeraBd.ttf")

    def check(self, key: str, text: str) -> str:
        """Return the text with composed characters.

        raises   FormError if the font cannot draw it, with the key and what to do
        """
        text = unicodedata.normalize("NFC", text)
        for character in text:
            if (
                unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
                or unicodedata.category(character) in _COMBINING
            ):
                raise FormError(
                    f"{key}: {shown(text)} has {_code(character)}, of a script that is not "
                    "supported; write the text in another script"
                )
        for character in text:
            if ord(character) not in self._glyphs:
                raise FormError(
                    f"{key}: {shown(text)} has {_code(character)}, which the font lacks; name a "
                    "TrueType font that has it with --font"
                )
        return text

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return the width of a text, in points."""
        from reportlab.pdfbase.pdfmetrics import stringWidth

        return float(stringWidth(text, self.bold if bold else self.regular, size))

    def fit(
        self, text: str, width: float, sizes: tuple[float, float], *, bold: bool = False
    ) -> tuple[str, float]:
        """Shrink a text to a width, and cut off what is too long even in the smallest size.

        sizes    the largest and the smallest, in points
        returns  the text and its size
        """
        largest, smallest = sizes
        natural = self.width(text, 1, bold=bold)
        size = max(smallest, min(largest, width / natural if natural else largest))
        shortened = text
        while self.width(shortened, size, bold=bold) > width + 1e-6 and text:
            text = text[:-1]
            shortened = f"{text.rstrip()}..."
        return shortened, size

    def wrap(
        self, text: str, width: float, height: float, sizes: tuple[float, float]
    ) -> tuple[list[str], float] | None:
        """Break a text into lines, in the largest size in which they fit.

        returns  the lines and the size, or None if they do not fit even in the smallest size
        """
        from reportlab.lib.utils import simpleSplit

        size, smallest = sizes
        while size >= smallest:
            lines = simpleSplit(text, self.regular, size, width)
            widest = max((self.width(line, size) for line in lines), default=0)
            if len(lines) * size * LINE_HEIGHT <= height and widest <= width:
                return lines, size
            size -= 0.25
        return None


def _register(font: Path | None, default: str) -> tuple[str, frozenset[int]]:
    """Register a font with reportlab; return its name there, and the characters that it has."""
    from reportlab.pdfbase import pdfmetrics, ttfonts

    if font is None:
        loaded = ttfonts.TTFont(default, default)
    else:
        content = read_file(font, MAX_FONT_BYTES)
        # reportlab keeps what it knows of a name, so another font needs another name.
        name = hashlib.sha256(content).hexdigest()
        try:
            loaded = ttfonts.TTFont(name, BytesIO(content))
        except Exception:  # the parser raises many kinds for a damaged file
            raise FileError(
                f"{font} is not a TrueType font that can be embedded; choose a .ttf file."
            ) from None
    pdfmetrics.registerFont(loaded)
    return loaded.fontName, frozenset(pdfmetrics.getFont(loaded.fontName).face.charToGlyph)


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
