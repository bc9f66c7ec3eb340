"""Escape text that anybody may have written, such as names in files, wherever it is shown."""

import os
from typing import Any

MAX_SHOWN = 40  # characters of a value in a message
MAX_INTEGER_BITS = 2**10  # of an integer in a message: converting a larger one takes long

# A cell that starts with one of these is a formula to spreadsheet programs, which may send data
# away or start programs. The last four are the wide forms that East Asian keyboards type.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def printable(text: str | os.PathLike[str]) -> str:
    """Escape what is not printable, as Python does: control characters, and lone surrogates.

    returns  text that is valid in UTF-8
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in os.fspath(text))


def shown(value: Any) -> str:
    """Quote a value from a file for a message: in ASCII, and shortened."""
    match value:
        case list():
            return "a list"
        case dict():
            return "an object"
        case int() if value.bit_length() > MAX_INTEGER_BITS:
            return "an integer that is too large"
        case str():
            return ascii(value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}...")
    text = ascii(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def defused(cell: str) -> str:
    """Return a cell of text that no spreadsheet program takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
