"""Load labeled images from whatever a person names: a file, a folder, or a data set's name."""

import gzip
import zlib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from inkdigits.data import (
    class_folders,
    idx,
    labeled,
    named_sets,
    npz,
    parquet,
    profile_images,
    tables,
)
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages
from inkdigits.data.mnist import Split
from inkdigits.data.profile_files import is_profile_file
from inkdigits.data.tables import Table
from inkdigits.escaping import printable

IDX_MAGIC = b"\0\0"
NPY_MAGIC = b"\x93NUM"
FIRST_BYTES = 16


def load_all(
    sources: Sequence[str], split: Split = "train", data_dir: Path | None = None
) -> LabeledImages:
    """Load labeled images from one source, or from several exported profiles together.

    The arguments and errors are those of `load`.
    """
    if len(sources) == 1:
        return load(sources[0], split, data_dir)
    for source in sources:
        if source in named_sets.SETS or not _is_profile(_existing(source)):
            raise DataError(
                f"{printable(source)} is not an exported profile, and only these can be named "
                "together: put the images into one file or folder."
            )
    return profile_images.read_profiles([Path(source) for source in sources])


def load(source: str, split: Split = "train", data_dir: Path | None = None) -> LabeledImages:
    """Load labeled images; the kind of a file is recognized by its content.

    source    a table, CSV (compressed or not) or Parquet; an .npz; the images of an IDX pair; an
              exported profile; a folder with an IDX pair, or with a folder for each class; or a
              name of named_sets
    split     which images to take of a set that has both
    data_dir  where the files of a named set are; see folders.search_paths()
    raises    DataError
    """
    if source in named_sets.SETS:
        return named_sets.load(source, split, data_dir)
    path = _existing(source)
    if path.is_dir():
        if idx.has_idx_files(path):
            return idx.read_folder(path, split)
        return class_folders.read_class_folders(path)
    first = _first_bytes(path)
    if first.startswith(npz.MAGIC):
        return npz.read_npz(path, split)
    if first.startswith(IDX_MAGIC):
        return idx.read_file(path)
    if is_profile_file(first):
        return profile_images.read_profiles([path])
    table = _read_table(path, first)
    name = labeled.file_name(path)
    if table.labels is None:
        raise DataError(
            f"{name} has no column 'label', so there is nothing to learn or to compare with; name "
            "the column with the labels so."
        )
    hashes = {name: table.sha256}
    return LabeledImages(table.images, table.labels, table.writers, hashes, table.classes, name)


def _is_profile(path: Path) -> bool:
    return not path.is_dir() and is_profile_file(_first_bytes(path))


def load_unlabeled(source: str) -> Table:
    """Load a table of images, with or without labels.

    raises   DataError
    """
    path = _existing(source)
    if path.is_dir():
        raise DataError(f"{printable(path)} is a folder; name a CSV or Parquet file.")
    return _read_table(path, _first_bytes(path))


def _read_table(path: Path, first: bytes) -> Table:
    if first.startswith(parquet.MAGIC):
        return parquet.read_parquet(path)
    if first.startswith(NPY_MAGIC):
        raise DataError(
            f"{labeled.file_name(path)} is a single array; save the images and their labels "
            "together: numpy.savez('data.npz', x=images, y=labels)."
        )
    return tables.read_csv(path)


def _existing(source: str) -> Path:
    """Return the path of a source, which must be a folder or a regular file."""
    path = Path(source)
    try:
        if path.is_dir() or path.is_file():
            return path
        is_something = path.exists()
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        is_something = False
    if is_something:
        raise DataError(f"{printable(path)} is a device or a pipe; save the data in a file.")
    nearest = get_close_matches(source[:64].lower(), named_sets.SETS, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise DataError(
        f"{printable(source)} does not exist: name a CSV, Parquet, NumPy (.npz) or IDX "
        f"file, an exported profile, a folder, or one of {', '.join(named_sets.SETS)}{hint}"
    )


def _first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file, decompressed if it is a .gz."""
    try:
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES)
        if first.startswith(b"\x1f\x8b"):
            with gzip.open(path) as content:
                first = content.read(FIRST_BYTES)
        return first
    except (OSError, EOFError, zlib.error) as error:
        cause = getattr(error, "strerror", None) or error
        raise DataError(
            f"{printable(path)} cannot be read ({cause}): replace it, or make it readable."
        ) from error
