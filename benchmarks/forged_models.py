"""Malicious model files: well-formed, with a valid digest.

They are assembled by hand here, as an attacker would do it, because the package refuses to write
some of them.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

METADATA_KEY = "inkdigits"
NO_DIGEST = "0" * 64
SHIPPED = Path(__file__).parent.parent / "src/inkdigits/pretrained/cnn-small.safetensors"
EXTREME = 1e20  # finite in float32, unlike its square
NESTING = 480  # levels, below the limit of Python's JSON parser


@contextmanager
def model_file(folder: Path) -> Iterator[dict[str, str]]:
    """Copy the shipped model, so that it can be replaced, and yield the setting that serves it."""
    path = folder / "model.safetensors"
    shutil.copyfile(SHIPPED, path)
    yield {"INKDIGITS_MODELS": str(path)}


def extreme_weights(file: bytes) -> bytes:
    """Make all weights so large that a forward pass overflows."""
    tensors, document = _parse(file)
    huge = {name: np.full_like(tensor, EXTREME) for name, tensor in tensors.items()}
    return _write(huge, document)


def nested_metadata(file: bytes) -> bytes:
    """Put deeply nested lists into the metadata that the service shows."""
    tensors, document = _parse(file)
    nested: list[Any] = []
    for _ in range(NESTING):
        nested = [nested]
    return _write(tensors, document | {"metrics": {"nested": nested}})


def surrogate_metadata(file: bytes) -> bytes:
    """Put a lone surrogate, which UTF-8 cannot encode, into the metadata that the service shows."""
    tensors, document = _parse(file)
    return _write(tensors, document | {"metrics": {"name": "\ud800"}})


def _parse(file: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    return load(file), json.loads(header["__metadata__"][METADATA_KEY])["document"]


def _write(tensors: dict[str, Any], document: dict[str, Any]) -> bytes:
    """Write a model file with a valid digest."""
    content = {"document": document, "sha256": NO_DIGEST}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    file = save(tensors, {METADATA_KEY: canonical})
    # The digest is the last value of the document, so these are the last 64 zeros of the header.
    place = file.rindex(NO_DIGEST.encode(), 0, 8 + int.from_bytes(file[:8], "little"))
    digest = hashlib.sha256(file).hexdigest().encode()
    return file[:place] + digest + file[place + len(digest) :]
