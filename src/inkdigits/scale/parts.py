"""What a source consists of: pictures, and the parts in which they are recognized."""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple, Protocol

from inkdigits.imaging.limits import LARGE_FILES

MAX_PICTURE_BYTES = LARGE_FILES.bytes


class Picture(NamedTuple):
    """A picture file, or why it cannot be read.

    key      tells it from all others: its name, in valid Unicode
    content  of the file; a few bytes more than `MAX_PICTURE_BYTES` at most
    """

    key: str
    content: bytes | OSError


class Part(Protocol):
    """Some hundred to thousand pictures, which one worker reads; small enough to send to it."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the names, sizes and times of change, to notice that a source has changed."""

    @property
    def pictures(self) -> int | None:
        """The number of pictures, if it is known without reading them."""

    def read(self) -> Iterator[Picture]:
        """Read the pictures, one after the other.

        returns  a picture for each file; one with an OSError for a file that cannot be read, and
                 for the rest of a shard that is damaged
        raises   ScaleError if this machine cannot reach the storage: nothing is wrong with the
                 pictures then, and another attempt may succeed
        """


def fingerprint(values: Iterable[object]) -> str:
    """Return the SHA-256 of values that have a text each, in hexadecimal digits."""
    # A zero byte is in no name of a file, so that different values have different texts.
    text = "\0".join(map(str, values))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_picture(name: str, suffixes: Container[str]) -> bool:
    """Return whether a file is a picture by its name; hidden files are not."""
    stem, dot, suffix = name.rsplit("/", 1)[-1].rpartition(".")
    return bool(stem) and not stem.startswith(".") and (dot + suffix).lower() in suffixes


def valid_key(name: str) -> str:
    """Escape the bytes of a name that are not UTF-8, which no table could store."""
    return name.encode("utf-8", "backslashreplace").decode()


def reason(error: BaseException) -> str:
    """Say in a clause why something failed."""
    cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
    first = re.split(r"\n|\. |; Details", str(cause))[0]
    return re.sub(r"^When .*: (?=AWS Error )", "", first)[:200].strip(" .")
