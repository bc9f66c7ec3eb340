"""Verified tensors: a .safetensors file with a JSON document, under one SHA-256.

The metadata have one key, "inkdigits", with canonical JSON: {"document": ..., "sha256": ...}. The
SHA-256 covers every byte of the file, with its own 64 digits as zeros, so a flipped bit is found
before anything is parsed. It is not a signature: anyone who makes a file can compute its digest, so
no later check relies on it.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inkdigits.storage.files import (
    FileError,
    file_too_large,
    invalid_file,
    read_file,
    write_atomically,
)
from inkdigits.strict_json import canonical, parse

MAX_FILE_BYTES = 32 * 2**20  # loading takes twice that, and a bad file may cost 100 MB at most
MAX_HEADER_BYTES = 2**18

FLOAT32 = frozenset({"float32"})  # what a model and a checkpoint consist of

_METADATA_KEY = "inkdigits"
_ZERO_DIGEST = "0" * 64
# The digest in the header, at the end of a JSON string within JSON. The last quotation mark has no
# backslash, so nothing inside the document can match.
_DIGEST = re.compile(rb'\\"sha256\\":\\"([0-9a-f]{64})\\"}"')


def write_tensors(
    path: str | Path,
    tensors: Mapping[str, NDArray[Any]],
    document: Mapping[str, Any],
    dtypes: Collection[str] = FLOAT32,
) -> str:
    """Write tensors and a document; the same content gives the same bytes.

    tensors   finite arrays by name
    document  what JSON can hold
    dtypes    the types that the arrays may have
    returns   the SHA-256 of the file, 64 hexadecimal digits
    raises    FileError if `read_tensors` would reject the file, which is then not written;
              TypeError or ValueError for a document that is not JSON; OSError
    """
    data = pack_tensors(tensors, document, dtypes, path)
    write_atomically(path, data)
    return data[_find_digest(path, data)].decode()


def pack_tensors(
    tensors: Mapping[str, NDArray[Any]],
    document: Mapping[str, Any],
    dtypes: Collection[str] = FLOAT32,
    path: str | Path = "The file",
) -> bytes:
    """Return the bytes of a file that `write_tensors` would write.

    path     what errors call the file
    raises   as `write_tensors`, except for OSError
    """
    contiguous = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    content = canonical({"document": document, "sha256": _ZERO_DIGEST})
    data = save(contiguous, {_METADATA_KEY: content})
    if len(data) > MAX_FILE_BYTES:
        raise file_too_large(path, len(data), MAX_FILE_BYTES)
    digits = _find_digest(path, data)
    data = data[: digits.start] + _sha256(data, digits).encode() + data[digits.stop :]
    unpack_tensors(data, dtypes, path)
    return data


def read_tensors(
    path: str | Path, dtypes: Collection[str] = FLOAT32
) -> tuple[dict[str, NDArray[Any]], dict[str, Any], str]:
    """Read a file of `write_tensors` and verify all of it.

    dtypes   the types that the tensors may have
    returns  the tensors by name, sorted and finite; the document; and the SHA-256
    raises   FileError if the path is a link, a folder, a pipe or a device, or the file is too
             large, damaged or malformed
    """
    return unpack_tensors(read_file(path, MAX_FILE_BYTES), dtypes, path)


def unpack_tensors(
    data: bytes, dtypes: Collection[str] = FLOAT32, path: str | Path = "The file"
) -> tuple[dict[str, NDArray[Any]], dict[str, Any], str]:
    """Verify the bytes of a file, step by step, each relying on the checks before it.

    path     what errors call the file
    returns  as `read_tensors`
    raises   FileError if they are damaged or malformed
    """
    digits = _find_digest(path, data)
    digest = data[digits.start : digits.stop].decode()
    if _sha256(data, digits) != digest:
        raise FileError(
            f"{path} is damaged: its SHA-256 is not the one it states; download or copy it again."
        )
    try:
        metadata = parse(data[8 : _header_end(data)]).get("__metadata__", {})
        content = metadata.get(_METADATA_KEY)
        values = parse(content)
        tensors = dict(sorted(load(data).items()))
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise invalid_file(path, f"its header is malformed ({str(error)[:120]!a})") from None
    match values:
        case {"document": dict() as document, "sha256": stated, **others} if (
            canonical(values) == content
        ):
            pass
        case _:
            raise invalid_file(path, "its document is not one canonical JSON object")
    if stated != digest or others or len(metadata) != 1:
        raise invalid_file(path, "its metadata are not those of inkdigits")
    for name, tensor in tensors.items():
        if tensor.dtype.name not in dtypes:
            expected = " or ".join(sorted(dtypes))
            raise invalid_file(path, f"the values of {name[:40]!a} are not {expected}")
        if not np.isfinite(tensor).all():
            raise invalid_file(path, f"{name[:40]!a} contains NaN or infinity")
    return tensors, document, digest


def _header_end(data: bytes) -> int:
    return 8 + int.from_bytes(data[:8], "little")


def _find_digest(path: str | Path, data: bytes) -> slice:
    """Find the 64 digits by searching a header of bounded size, before it is parsed."""
    end = _header_end(data)
    if end <= min(len(data), 8 + MAX_HEADER_BYTES):
        places = [slice(*match.span(1)) for match in _DIGEST.finditer(data, 8, end)]
        if len(places) == 1:
            return places[0]
    raise FileError(
        f"{path} is not a file of inkdigits, or its header is damaged or larger than "
        f"{MAX_HEADER_BYTES} bytes; name a .safetensors file that inkdigits wrote, or convert a "
        "pickle with `inkdigits model import`."
    )


def _sha256(data: bytes, digits: slice) -> str:
    view = memoryview(data)
    sha256 = hashlib.sha256(view[: digits.start])
    sha256.update(_ZERO_DIGEST.encode())
    sha256.update(view[digits.stop :])
    return sha256.hexdigest()
