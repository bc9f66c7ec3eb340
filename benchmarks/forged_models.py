"""Model files that are whole, with a valid digest, and made to do harm.

They are written here by hand, as someone who wishes ill would: what the package itself would refuse
to write has to be tried, too.
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
EXTREME = 1e20  # finite in float32, but its square is not
NESTING = 480  # less than what Python's JSON parser takes


@contextmanager
def model_file(folder: Path) -> Iterator[dict[str, str]]:
    """Serve a copy of the shipped model, which can then be replaced."""
    path = folder / "model.safetensors"
    shutil.copyfile(SHIPPED, path)
    yield {"INKDIGITS_MODELS": str(path)}


def extreme_weights(file: bytes) -> bytes:
    """Make all weights so large that a forward pass overflows."""
    tensors, document = _read(file)
    huge = {name: np.full_like(tensor, EXTREME) for name, tensor in tensors.items()}
    return _written(huge, document)


def nested_metadata(file: bytes) -> bytes:
    """Put lists within lists into what the service shows of a model."""
    tensors, document = _read(file)
    nested: list[Any] = []
    for _ in range(NESTING):
        nested = [nested]
    return _written(tensors, document | {"metrics": {"nested": nested}})


def surrogate_metadata(file: bytes) -> bytes:
    """Put half of a surrogate pair, which UTF-8 cannot hold, into what is shown of a model."""
    tensors, document = _read(file)
    return _written(tensors, document | {"metrics": {"name": "\ud800"}})


def _read(file: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    return load(file), json.loads(header["__metadata__"][METADATA_KEY])["document"]


def _written(tensors: dict[str, Any], document: dict[str, Any]) -> bytes:
    """Write a model file whose digest is right."""
    content = {"document": document, "sha256": NO_DIGEST}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    file = save(tensors, {METADATA_KEY: canonical})
    # The digest is the last value of the document: nothing after it looks like 64 zeros.
    place = file.rindex(NO_DIGEST.encode(), 0, 8 + int.from_bytes(file[:8], "little"))
    digest = hashlib.sha256(file).hexdigest().encode()
    return file[:place] + digest + file[place + len(digest) :]
