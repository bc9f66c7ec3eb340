"""Bounded parsing of TOML that anyone may have written, in the encodings that editors write."""

import codecs
import tomllib
from typing import Any

from inkdigits import strict_json

MAX_LINE = 1000  # characters: the time that tomllib takes grows with the square of a key's parts


def decode(data: bytes) -> str:
    """Decode text in UTF-8, or in UTF-16 with its mark.

    raises   ValueError, with the cause as a clause
    """
    # Some editors put a byte order mark first, and `>` in Windows PowerShell 5 writes UTF-16.
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None


def parse(text: str) -> dict[str, Any]:
    """Parse TOML.

    raises   ValueError, with the cause as a clause: for invalid TOML, a line that is too long, or
             tables and lists that are nested too deep
    """
    if any(len(line) > MAX_LINE for line in text.splitlines()):
        raise ValueError(f"a line has more than {MAX_LINE} characters")
    try:
        content = tomllib.loads(text)
        strict_json.check_depth(content)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it is not valid TOML: {ascii(str(error))[1:-1][:160]}") from None
    return content
