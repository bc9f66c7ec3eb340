"""Read labeled images from a folder with a folder for each class: any pictures, of any size."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from inkdigits.constants import MAX_CLASSES
from inkdigits.data import labeled
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, ClassNames, LabeledImages, PictureFile
from inkdigits.escaping import printable, shown
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.limits import Limits

MAX_SKIPPED = 100_000  # entries that are not pictures


def read_class_folders(folder: Path) -> LabeledImages:
    """Find the pictures of each class and hash their contents; they are decoded later.

    Hidden files and folders are ignored. Links, files that are not pictures, and what is in folders
    within a class are skipped, and counted in the notes.

    raises   DataError if there are no classes, one has no pictures, or a limit is exceeded
    """
    source = labeled.file_name(folder)
    names = ClassNames(source)
    files: list[PictureFile] = []
    numbers: list[int] = []
    skipped = _Skipped(source)
    digest = hashlib.sha256()
    try:
        for entry in _entries(folder, MAX_CLASSES + MAX_SKIPPED, source):
            if not entry.is_dir(follow_symlinks=False):
                skipped.add()
                continue
            number = names.number(entry.name)
            before = len(files)
            for picture in _entries(Path(entry.path), MAX_IMAGES + MAX_SKIPPED, source):
                # Whether it can be decoded, its content decides.
                is_picture = os.path.splitext(picture.name)[1].lower() in SUFFIXES
                if not (is_picture and picture.is_file(follow_symlinks=False)):
                    skipped.add()
                    continue
                labeled.check_number(len(files) + 1, source)
                sha256 = _sha256(picture.path)
                files.append(PictureFile(picture.path, sha256))
                numbers.append(number)
                digest.update(f"{entry.name}/{picture.name}\0{sha256}\n".encode(errors="replace"))
            if len(files) == before:
                raise DataError(
                    f"{source}: the folder {shown(entry.name)} has no pictures; remove it, "
                    f"or add {', '.join(sorted(SUFFIXES))} files."
                )
    except OSError as error:
        path = printable(error.filename or folder)
        raise DataError(
            f"{path} cannot be read ({error.strerror}): make it readable or remove it."
        ) from error
    if not files:
        raise DataError(
            f"{source} has no folders: it must have a folder for each class, with its pictures, "
            "or IDX files such as train-images-idx3-ubyte."
        )
    labels, classes = names.sort(numbers)
    images = np.empty(len(files), object)
    images[:] = files
    hashes = {f"{source}/": digest.hexdigest()}
    return LabeledImages(images, labels, None, hashes, classes, source, skipped.notes)


class _Skipped:
    """How many entries are not pictures."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0

    def add(self) -> None:
        self._count += 1
        if self._count > MAX_SKIPPED:
            raise DataError(
                f"{self._source} has more than {MAX_SKIPPED:,} entries that are not pictures; "
                "check that it is the right folder."
            )

    @property
    def notes(self) -> tuple[str, ...]:
        if not self._count:
            return ()
        what = "1 entry was" if self._count == 1 else f"{self._count:,} entries were"
        return (
            f"{self._source}: {what} skipped, because only picture files directly in a class's "
            "folder are used, and no links.",
        )


def _entries(folder: Path, most: int, source: str) -> Iterator[os.DirEntry[str]]:
    """Return what is in a folder and not hidden, sorted by name."""
    found: list[os.DirEntry[str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(found) == most:
                raise DataError(f"{source} has a folder of more than {most:,} entries; use fewer.")
            if not entry.name.startswith("."):
                found.append(entry)
    return iter(sorted(found, key=lambda entry: entry.name))


def _sha256(path: str) -> str:
    """Hash a file as it will be decoded, up to one byte more than the limit."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read(Limits.bytes + 1)).hexdigest()
