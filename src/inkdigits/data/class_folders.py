"""Read labeled images from a folder with a folder for each class: any pictures, of any size."""

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.constants import MAX_CLASSES, MAX_NAME
from inkdigits.data import labeled
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, ClassNames, LabeledImages, PictureFile
from inkdigits.escaping import printable, shown
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.limits import Limits

MAX_SKIPPED = 100_000  # entries that are not pictures
WRITERS_FILE = "writers.csv"  # with the columns "file", such as "7/123.png", and "writer"
MAX_WRITERS_BYTES = 2**28


def read_class_folders(folder: Path) -> LabeledImages:
    """Find the pictures of each class and hash their contents; they are decoded later.

    Hidden files and folders are ignored. Links, files that are not pictures, and what is in folders
    within a class are skipped, and counted in the notes. A file `writers.csv` beside the classes
    tells who wrote each picture.

    raises   DataError if there are no classes, one has no pictures, a limit is exceeded, or a
             picture has no writer though others have one
    """
    source = labeled.file_name(folder)
    names = ClassNames(source)
    files: list[PictureFile] = []
    numbers: list[int] = []
    skipped = _Skipped(source)
    digest = hashlib.sha256()
    pictures: list[str] = []
    writers = None
    try:
        for entry in _entries(folder, MAX_CLASSES + MAX_SKIPPED, source):
            if entry.name == WRITERS_FILE and entry.is_file(follow_symlinks=False):
                continue
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
                pictures.append(f"{entry.name}/{picture.name}")
                numbers.append(number)
                digest.update(f"{pictures[-1]}\0{sha256}\n".encode(errors="replace"))
            if len(files) == before:
                raise DataError(
                    f"{source}: the folder {shown(entry.name)} has no pictures; remove it, "
                    f"or add {', '.join(sorted(SUFFIXES))} files."
                )
        table = folder / WRITERS_FILE
        if table.is_file() and not table.is_symlink():
            with table.open("rb") as file:
                content = file.read(MAX_WRITERS_BYTES + 1)
            digest.update(content)
            writers = _writers(content, pictures, f"{source}/{WRITERS_FILE}")
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
    return LabeledImages(images, labels, writers, hashes, classes, source, skipped.notes)


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


def _writers(content: bytes, pictures: Sequence[str], source: str) -> NDArray[np.str_]:
    """Return who wrote each picture, by a table with the columns "file" and "writer"."""
    if len(content) > MAX_WRITERS_BYTES:
        raise DataError(f"{source} has more than {MAX_WRITERS_BYTES:,} bytes; use fewer pictures.")
    writer_of: dict[str, str] = {}
    try:
        rows = csv.reader(content.decode("utf-8-sig").splitlines(), strict=True)
        if (head := next(rows, [])) != ["file", "writer"]:
            raise DataError(
                f"{source} begins with {shown(','.join(head))}, not with file,writer; correct or "
                "remove it."
            )
        for number, row in enumerate(rows, 2):
            if len(row) != 2 or not 0 < len(row[1]) <= MAX_NAME:
                raise DataError(
                    f"{source}: row {number} is not the name of a picture, such as 7/1.png, and a "
                    f"writer of at most {MAX_NAME} characters; correct it."
                )
            writer_of[row[0]] = row[1]
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{source} is not CSV in UTF-8; correct or remove it.") from None
    for picture in pictures:
        if picture not in writer_of:
            raise DataError(
                f"{source} has no writer for {shown(picture)}; add a row for every picture, or "
                "remove the file."
            )
    return np.array([writer_of[picture] for picture in pictures])


def _sha256(path: str) -> str:
    """Hash a file as it will be decoded, up to one byte more than the limit."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read(Limits.bytes + 1)).hexdigest()
