"""A model's file: tensors and a document about them under one SHA-256; to load it is to verify it.

The file is an ordinary .safetensors file. Its metadata hold one key, "inkdigits", with canonical
JSON: {"document": ..., "sha256": ...}. The SHA-256 covers every byte of the file, its own 64
digits taken as zeros, so a flipped bit is found before anything is parsed. It is no signature:
whoever makes a file can make its digest too, so every later check holds without it.
"""

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inkdigits.arrays import Array
from inkdigits.inference import may_overflow
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.strict_json import canonical, parse
from inkdigits.version import __version__

FORMAT = 2
DEFAULT_MODEL = "cnn-small"
PRETRAINED = Path(__file__).parent / "pretrained"
MAX_FILE_BYTES = 32 * 2**20  # reading takes twice that, and a bad file may cost 100 MB at most
MAX_HEADER_BYTES = 2**18
TEMPERATURES = (1e-3, 1e3)  # beyond them, logits / temperature leaves what float32 can hold

_METADATA_KEY = "inkdigits"
_NO_DIGEST = "0" * 64
# As it stands in the header, at the end of a JSON string within JSON. The last quotation mark has
# no backslash, so nothing inside the document can look like this.
_DIGEST = re.compile(rb'\\"sha256\\":\\"([0-9a-f]{64})\\"}"')


class ArtifactError(Exception):
    """A file that must not be used, in one sentence: the file, the cause, what to do."""


def write_atomically(path: str | Path, data: bytes) -> None:
    """Put a file in place so that whatever happens, the old one or the new one is there, whole.

    The data are on the disk, under the final name, when this returns. A process that is killed
    may leave a file ".inkdigits-*.tmp" beside it.

    raises   OSError that names the file; the old one is then still there, unless it was the last
             step that failed, the sync of the folder: then the new one is
    """
    path = Path(path)
    temporary = path.parent / f".inkdigits-{secrets.token_hex(8)}.tmp"
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        if os.name != "nt":  # Windows cannot open a folder, and needs no such step
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        error.filename = str(path)  # the system names none for a full disk, else the temporary one
        raise


def read_file(path: str | Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; never wait for a pipe or follow a link.

    raises   ArtifactError for anything else
    """
    try:
        with open(path, "rb", opener=_open_carefully) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ArtifactError(f"{path} is a device or a pipe; name a regular file.")
            if status.st_size > limit:
                raise _too_large(path, status.st_size, limit)
            return file.read(status.st_size)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise ArtifactError(f"{path} is a link; name the file that it points to.") from None
        cause = getattr(error, "strerror", None) or error
        raise ArtifactError(f"{path} cannot be read ({cause}); check the name.") from None


def _open_carefully(path: str, flags: int) -> int:
    # A pipe is opened without waiting for who writes to it. Windows has neither flag.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def write_tensors(
    path: str | Path, tensors: Mapping[str, Array], document: Mapping[str, Any]
) -> str:
    """Write tensors and a document; the same content gives the same bytes.

    tensors   finite float32 arrays by name
    document  what JSON can hold
    returns   the SHA-256 of the file, 64 digits
    raises    ArtifactError if `read_tensors` would refuse the file, which is then not written;
              TypeError or ValueError for a document that is no JSON; OSError
    """
    contiguous = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    content = canonical({"document": document, "sha256": _NO_DIGEST})
    data = save(contiguous, {_METADATA_KEY: content})
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(path, len(data), MAX_FILE_BYTES)
    digits = _digest_place(path, data)
    digest = _sha256(data, digits)
    data = data[: digits.start] + digest.encode() + data[digits.stop :]
    _parse(path, data)
    write_atomically(path, data)
    return digest


def read_tensors(path: str | Path) -> tuple[dict[str, Array], dict[str, Any], str]:
    """Read a file of `write_tensors` after verifying all of it.

    returns  the tensors by name, sorted (finite, float32, read-only), the document, the SHA-256
    raises   ArtifactError if the path is a link, a folder, a pipe or a device, or the file is too
             large, damaged or malformed
    """
    return _parse(path, read_file(path, MAX_FILE_BYTES))


def _parse(path: str | Path, data: bytes) -> tuple[dict[str, Array], dict[str, Any], str]:
    """Verify the bytes of a file, each step on what the steps before it let through."""
    digits = _digest_place(path, data)
    digest = data[digits.start : digits.stop].decode()
    if _sha256(data, digits) != digest:
        raise ArtifactError(
            f"{path} is damaged: its SHA-256 is not the one it names; fetch or copy it again."
        )
    try:
        metadata = parse(data[8 : _header_end(data)]).get("__metadata__", {})
        content = metadata.get(_METADATA_KEY)
        values = parse(content)
        tensors = dict(sorted(load(data).items()))
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _malformed(path, f"its header is malformed ({str(error)[:120]!a})") from None
    match values:
        case {"document": dict() as document, "sha256": named, **others} if (
            canonical(values) == content
        ):
            pass
        case _:
            raise _malformed(path, "its document is not one canonical JSON object")
    if named != digest or others or len(metadata) != 1:
        raise _malformed(path, "its metadata are not those of inkdigits")
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise _malformed(path, f"the numbers of {_shown(name)} are not float32")
        if not np.isfinite(tensor).all():
            raise _malformed(path, f"{_shown(name)} holds NaN or infinity")
    return tensors, document, digest


def _header_end(data: bytes) -> int:
    return 8 + int.from_bytes(data[:8], "little")


def _digest_place(path: str | Path, data: bytes) -> slice:
    """Find the 64 digits without parsing: a search, within a header of bounded size."""
    end = _header_end(data)
    if end <= min(len(data), 8 + MAX_HEADER_BYTES):
        places = [slice(*match.span(1)) for match in _DIGEST.finditer(data, 8, end)]
        if len(places) == 1:
            return places[0]
    raise ArtifactError(
        f"{path} is no file of inkdigits, or its header is damaged or over {MAX_HEADER_BYTES} "
        "bytes; name a .safetensors file that inkdigits wrote, or bring in a pickle with "
        "`inkdigits model import`."
    )


def _sha256(data: bytes, digits: slice) -> str:
    view = memoryview(data)
    sha256 = hashlib.sha256(view[: digits.start])
    sha256.update(_NO_DIGEST.encode())
    sha256.update(view[digits.stop :])
    return sha256.hexdigest()


def _too_large(path: str | Path, size: int, limit: int) -> ArtifactError:
    return ArtifactError(
        f"{path} has {size} bytes where {limit} are the most that is read; check that it is what "
        "you mean."
    )


def _malformed(path: str | Path, cause: str) -> ArtifactError:
    return ArtifactError(f"{path} must not be used: {cause}; take a file that inkdigits wrote.")


def _shown(value: object) -> str:
    """Quote what a file says for a message: short, and without control characters."""
    return ascii(value[:40]) if isinstance(value, str) else "no text"


@dataclass(frozen=True, eq=False)
class Model:
    """What a model file holds.

    recipe       name of its recipe, which gives the network and the clean-up
    vector       float32 (P,), the network's parameters
    temperature  probabilities are softmax(logits / temperature)
    rejection_threshold  of rejection_scores, above which a picture is refused as no digit; None for a recipe that
                 knows digits alone
    metrics      what was measured: JSON values
    training     where it comes from: seed, settings, SHA-256 of the data, versions; JSON values
    version      of the package that made it
    digest       SHA-256 of its file; empty until it is saved or loaded
    """

    recipe: str
    vector: Array = field(repr=False)
    temperature: float = 1.0
    rejection_threshold: float | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    version: str = __version__
    digest: str = ""


def save_model(path: str | Path, model: Model) -> Model:
    """Write a model file, atomically; the same model gives the same bytes.

    returns  the model, with the digest of its file
    raises   ArtifactError if `load_model` would refuse the file, which is then not written;
             TypeError or ValueError for what is no JSON or a vector of another size; OSError
    """
    recipe = _recipe(path, model.recipe)
    document = {
        "format": FORMAT,
        "recipe": model.recipe,
        "clean_up": recipe.preprocessing,
        "sizes": recipe.sizes,
        "calibration": {"temperature": model.temperature, "threshold": model.rejection_threshold},
        "metrics": model.metrics,
        "training": model.training,
        "version": model.version,
    }
    tensors = recipe.network.inference_network.unflatten(model.vector)
    _verified(path, tensors, document, digest="")
    return replace(model, digest=write_tensors(path, tensors, document))


def load_model(path: str | Path) -> Model:
    """Read a model file after verifying all of it: the file, then that it is what its recipe says.

    raises   ArtifactError if anything is not as `save_model` writes it
    """
    return _verified(path, *read_tensors(path))


def _verified(
    path: str | Path, tensors: Mapping[str, Array], document: Mapping[str, Any], digest: str
) -> Model:
    version = document.get("format")
    if type(version) is not int:
        raise ArtifactError(f"{path} holds no model; name a model file, not a checkpoint.")
    if version != FORMAT:
        raise ArtifactError(
            f"{path} has another format than {FORMAT}, the one that this version of inkdigits "
            "reads; use the version that wrote it, or train again."
        )
    recipe = _recipe(path, document.get("recipe"))
    if document.get("clean_up") != recipe.preprocessing:
        raise _malformed(path, f"its clean-up is not that of the recipe {recipe.name}")
    network = recipe.network.inference_network
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if document.get("sizes") != recipe.sizes or shapes != network.shapes:
        raise _malformed(path, f"its network is not that of the recipe {recipe.name}")
    match document:
        case {
            "calibration": {
                "temperature": float() as temperature,
                "threshold": float() | None as threshold,
                **others,
            },
            "metrics": dict() as metrics,
            "training": dict() as training,
            "version": str() as package_version,
        } if not others and len(document) == 8:
            pass
        case _:
            raise _malformed(path, "a field of its document is missing, unknown or of a wrong type")
    if not TEMPERATURES[0] <= temperature <= TEMPERATURES[1]:
        raise _malformed(path, "its temperature is no number from {} to {}".format(*TEMPERATURES))
    if (threshold is None) != (recipe.outliers == 0):
        raise _malformed(path, f"the recipe {recipe.name} and its threshold do not fit")
    vector = np.concatenate([tensors[name].ravel() for name in network.shapes])
    if may_overflow(recipe, vector):
        raise _malformed(path, "its weights are so large that some picture would overflow float32")
    vector.setflags(write=False)  # one vector serves many threads
    return Model(
        recipe=recipe.name,
        vector=vector,
        temperature=temperature,
        rejection_threshold=threshold,
        metrics=metrics,
        training=training,
        version=package_version,
        digest=digest,
    )


def _recipe(path: str | Path, name: object) -> Recipe:
    if isinstance(name, str) and name in RECIPES:
        return RECIPES[name]
    raise _malformed(path, f"its recipe is {_shown(name)}, and known are {', '.join(RECIPES)}")


def shipped_models() -> dict[str, Path]:
    """List the model files that come with the package, by name."""
    # Some installers link what they install, and links are not read.
    return {path.stem: path.resolve() for path in sorted(PRETRAINED.glob("*.safetensors"))}


def locate(model: str | Path) -> Path:
    """Find what MODEL means: the name of a shipped model, or else a file.

    A file that has a shipped model's name is meant by a path, such as "./mlp".

    raises   ArtifactError, with the names of the shipped models, if there is neither
    """
    shipped = shipped_models()
    if isinstance(model, str) and model in shipped:
        return shipped[model]
    if os.path.lexists(model):
        return Path(model)
    raise ArtifactError(
        f"{model} is neither a file nor the name of a shipped model; "
        f"name a file or one of: {', '.join(shipped) or '(none is shipped)'}."
    )
