"""Escape text that anybody may have written, such as names in files, for messages and pages."""

import os
from typing import Any

MAX_SHOWN = 40  # characters of a value in a message
MAX_INTEGER_BITS = 2**10  # of an integer in a message: converting a larger one takes long


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
