"""Read the files of a .tar archive as they come, from a stream that cannot be trusted.

Python's tarfile takes a damaged header for the end of the archive, and reads a name of any length
into memory; so only its parser of one header is used. Nothing is extracted, so that names and links
in an archive cannot lead anywhere.
"""

import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

BLOCK = tarfile.BLOCKSIZE
MAX_NAME_BYTES = 2**16  # of a header that gives the next file a long name and other attributes
PIECE_BYTES = 2**20  # that are skipped at a time
REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
ENCODING, ERRORS = "utf-8", "surrogateescape"


class TarError(ValueError):
    """The archive is damaged or exceeds a limit; the message is a clause that says how."""


def tar_files(
    stream: BinaryIO, is_wanted: Callable[[str], bool], max_bytes: int, max_entries: int
) -> Iterator[tuple[str, int, bytes]]:
    """Read some of the files in a .tar archive, in their order.

    stream       need not be seekable
    is_wanted    called with the name of each file; links and sparse files are left out
    max_bytes    of a file; the first bytes of a longer one are returned
    max_entries  of the archive
    returns      name, size, and content
    raises       TarError; and what reading the stream raises
    """
    long_name: str | None = None
    long_size: int | None = None
    for _ in range(max_entries):
        block = _exactly(stream, BLOCK)
        if block == bytes(BLOCK):
            return
        try:
            header = tarfile.TarInfo.frombuf(block, ENCODING, ERRORS)
        except tarfile.HeaderError as error:
            raise TarError(f"the header of a file in it is wrong: {error}") from None
        size = header.size
        if header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            if not 0 <= size <= MAX_NAME_BYTES:
                raise TarError("the name of a file in it is too long")
            content = _exactly(stream, size)
            _skip(stream, -size % BLOCK)
            if header.type == tarfile.GNUTYPE_LONGNAME:
                long_name = content.split(b"\0", 1)[0].decode(ENCODING, ERRORS)
            else:
                attributes = _attributes(content)
                long_name = attributes.get("path", long_name)
                long_size = _size(attributes, long_size)
            continue
        if header.type in REGULAR and long_size is not None:
            size = long_size
        if size < 0:
            raise TarError("a file in it has a negative size")
        # A type that is not known has its content behind it, like a file.
        name, has_content = long_name or header.name, header.type in REGULAR
        length = 0 if header.type in _WITHOUT_CONTENT else size
        if has_content and not name.endswith("/") and is_wanted(name):
            content = _exactly(stream, min(size, max_bytes))
            _skip(stream, length - len(content) + -size % BLOCK)
            yield name, size, content
        else:
            _skip(stream, length + -length % BLOCK)
        if header.type != tarfile.GNUTYPE_LONGLINK:
            long_name = long_size = None
    raise TarError(f"it has more than {max_entries:,} entries")


_WITHOUT_CONTENT = (
    *(tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE),
    *(tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE),
)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size) if size else b""
    if len(content) != size:
        raise TarError("it is truncated")
    return content


def _skip(stream: BinaryIO, size: int) -> None:
    while size > 0:
        size -= len(_exactly(stream, min(size, PIECE_BYTES)))


def _attributes(content: bytes) -> dict[str, str]:
    """Parse the records of an extended header, each "LENGTH NAME=VALUE" and a line break."""
    attributes = {}
    while content.strip(b"\0"):
        length, space, _ = content.partition(b" ")
        if not space or not length.isdigit() or len(length) > len(str(MAX_NAME_BYTES)):
            raise TarError("the attributes of a file in it are wrong")
        record, content = content[len(length) + 1 : int(length)], content[int(length) :]
        name, equals, value = record.rstrip(b"\n").partition(b"=")
        if not equals or not record.endswith(b"\n"):
            raise TarError("the attributes of a file in it are wrong")
        if name.startswith(b"GNU.sparse"):
            raise TarError("it has a sparse file")
        attributes[name.decode(ENCODING, ERRORS)] = value.decode(ENCODING, ERRORS)
    return attributes


def _size(attributes: dict[str, str], default: int | None) -> int | None:
    text = attributes.get("size")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise TarError("a file in it has a size that is not a number")
    return int(text)
