"""Print what the console can: characters that its encoding lacks become similar ones."""

# ruff: noqa: RUF001 (the table consists of ambiguous characters)

import codecs
import sys
import unicodedata
from encodings import ascii as ascii_codec
from io import TextIOWrapper

# Unlike click's name for it, "ascii", it is not replaced by UTF-8: see `prepare_console`.
_ASCII = "inkdigits_ascii"
_SIMILAR = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−─━╌╍╴╶╸╺╾╼═", "-"),
        **dict.fromkeys("│┃╎╏║", "|"),
        "█": "#",
        "▓": "%",
        **dict.fromkeys("‘’‚", "'"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("·•∙░", "."),
        "▒": "+",
        "×": "x",
        "…": "...",
        "→": "->",
        "←": "<-",
        "✓": "v",
        "✗": "x",
    }
)

_REORDERING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def prepare_console() -> None:
    """Make standard output and error accept any text, in whatever encoding the console has.

    Such are ASCII on an old terminal, or one of Windows' code pages in a pipe. Without this, the
    first other character would end the command.
    """
    codecs.register(_find_codec)
    codecs.register_error("similar", similar)
    codecs.register_error("similar_or_bytes", _similar_or_bytes)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, TextIOWrapper):  # a test's, or none at all
            continue
        errors = "similar_or_bytes" if stream.errors == "surrogateescape" else "similar"
        # click takes ASCII for a mistake, and writes UTF-8 instead.
        is_ascii = codecs.lookup(stream.encoding).name == "ascii"
        stream.reconfigure(encoding=_ASCII if is_ascii else None, errors=errors)


def printable(text: str) -> str:
    """Escape characters that control a terminal, or reorder what it shows.

    Names of files and of classes are data: anybody may have chosen them.
    """
    return "".join(
        ascii(character)[1:-1]
        if unicodedata.category(character) in ("Cc", "Zl", "Zp") or character in _REORDERING
        else character
        for character in text
    )


def similar(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace what an encoding lacks by similar ASCII characters, or else escape it.

    error    from encoding; any other is raised again
    returns  the replacement, and where to continue, as an error handler of `codecs` does
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(map(_replace, error.object[error.start : error.end]))
    return text, error.end


def _similar_or_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """Do the same, but write bytes of file names that were not decoded as they are."""
    if isinstance(error, UnicodeEncodeError) and "\udc80" <= error.object[error.start] <= "\udcff":
        return bytes([ord(error.object[error.start]) - 0xDC00]), error.start + 1
    return similar(error)


def _replace(character: str) -> str:
    replacement = character.translate(_SIMILAR)
    if replacement.isascii():
        return replacement
    if "\u2500" <= character <= "\u259f":  # box drawing and blocks
        return "+" if character < "\u2580" else "#"
    if "\u2800" <= character <= "\u28ff":  # Braille, of which spinners are made
        return "*"
    if unicodedata.category(character) == "Zs":  # a space
        return " "
    return character.encode("ascii", "backslashreplace").decode()


def _find_codec(name: str) -> codecs.CodecInfo | None:
    if name != _ASCII:
        return None
    codec = ascii_codec.getregentry()
    return codecs.CodecInfo(
        codec.encode,
        codec.decode,
        codec.streamreader,
        codec.streamwriter,
        codec.incrementalencoder,
        codec.incrementaldecoder,
        _ASCII,
    )
