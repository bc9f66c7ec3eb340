"""Labeled images that people bring: of any size, with classes of any name."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels, Pixels
from inkdigits.constants import DIGITS, IMAGE_SIDE, MAX_CLASSES, MAX_NAME
from inkdigits.data.chunks import OnProgress, make_in_chunks, no_progress
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits
from inkdigits.escaping import printable, shown
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.inputs import to_rgba
from inkdigits.imaging.limits import Limits
from inkdigits.preprocessing import PREPROCESSORS

# Limits of what is read, checked before it takes memory. EMNIST ByClass, the largest data set of
# this kind, has 814,255 images of 28x28.
MAX_IMAGES = 1_000_000
MAX_SIDE = 128  # of images in arrays and tables, in pixels
MAX_PIXELS = 2**30  # of all images in arrays and tables


@dataclass(frozen=True)
class PictureFile:
    """A file with an image, and the SHA-256 of its content when the data were loaded."""

    path: str
    sha256: str


@dataclass(frozen=True, eq=False)
class LabeledImages(Digits):
    """Images with the number of their class, and the names of the classes.

    images         uint8 (N, H, W) of any size, 0 is background; or PictureFile objects (N,)
    labels         uint8 or uint16 (N,)
    writers        str (N,), or None if unknown
    hashes         name of the file or folder -> SHA-256 of its content, decompressed if it is a .gz
    classes        at least one, sorted; by their value if they are whole numbers
    name           of the data, for people
    notes          sentences for the user, such as what was skipped
    suited         name of the preprocessing that suits the images; None if it is not known
    preprocessing  name of the preprocessing that the images have been through, if any
    """

    classes: tuple[str, ...] = DIGITS
    name: str = ""
    notes: tuple[str, ...] = ()
    suited: str | None = None
    preprocessing: str | None = None

    @property
    def are_files(self) -> bool:
        """Whether the images are still in their files."""
        return self.images.dtype == np.object_


class ClassNames:
    """The names of the classes that are met while data are read, each with a number."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """Return the number of a class, a new one for a new name.

        raises   DataError if there are too many classes, or the name is empty or too long
        """
        number = self._numbers.get(name)
        if number is not None:
            return number
        if not name.strip() or len(name) > MAX_NAME:
            raise DataError(
                f"{self._source}: {shown(name)} is not a label; every label must be a number or a "
                f"name of at most {MAX_NAME} characters."
            )
        if len(self._numbers) == MAX_CLASSES:
            raise DataError(
                f"{self._source} has more than {MAX_CLASSES:,} different labels; check that the "
                "labels are classes."
            )
        return self._numbers.setdefault(name, len(self._numbers))

    def sort(self, numbers: Sequence[int] | NDArray[Any]) -> tuple[Labels, tuple[str, ...]]:
        """Return labels, given as the numbers of this object, and the classes, both sorted."""
        names = list(self._numbers)
        key = int if all(_is_number(name) for name in names) else str
        classes = tuple(sorted(names, key=key))
        places = {name: place for place, name in enumerate(classes)}
        order = np.array([places[name] for name in names], label_type(len(classes)))
        return order[np.asarray(numbers, np.intp)], classes


def label_type(classes: int) -> type[np.unsignedinteger[Any]]:
    """Return the type of labels of some classes."""
    return np.uint8 if classes <= 256 else np.uint16


def _is_number(name: str) -> bool:
    """Return whether a name is a whole number as Python writes it."""
    return name.isascii() and name.isdigit() and str(int(name[:9])) == name


def file_name(path: str | os.PathLike[str]) -> str:
    """Return the last part of a path, escaped so that JSON and a terminal can have it."""
    return printable(os.path.basename(os.path.abspath(path)))


def with_class_names(data: LabeledImages, names: Sequence[str]) -> LabeledImages:
    """Name the classes of data whose labels are numbers from 0.

    raises   DataError if a label is not a number, or has no name
    """
    numbers = []
    for name in data.classes:
        if not _is_number(name):
            raise DataError(
                f"The labels of {data.name} are names already, such as {shown(name)}; leave the "
                "other names out."
            )
        if int(name) >= len(names):
            raise DataError(
                f"{data.name} has the label {shown(name)}, which is not a number from 0 to "
                f"{len(names) - 1}, so the {len(names)} names of classes do not fit; name as many "
                "classes as there are labels."
            )
        numbers.append(int(name))
    order = np.array(numbers, label_type(len(names)))
    return replace(data, labels=order[data.labels], classes=tuple(names))


def match_classes(data: LabeledImages, classes: Sequence[str]) -> LabeledImages:
    """Renumber labels as a model numbers its classes, which may be more than the data have.

    Labels that are whole numbers stand for the classes in order, if no class is a number.

    raises   DataError if a label is none of the classes
    """
    if all(map(_is_number, data.classes)) and not any(map(_is_number, classes)):
        largest = max(data.classes, key=int)
        if int(largest) >= len(classes):
            raise DataError(
                f"{data.name} has the label {shown(largest)}, and the model has only "
                f"{len(classes)} classes, for which 0 to {len(classes) - 1} stand; use data with "
                "the same classes."
            )
        return with_class_names(data, classes)
    places = {name: place for place, name in enumerate(classes)}
    unknown = [name for name in data.classes if name not in places]
    if unknown:
        some = ", ".join(map(shown, classes[:10])) + (", ..." if len(classes) > 10 else "")
        raise DataError(
            f"{data.name} has the label {shown(unknown[0])}, which is not one of the "
            f"{len(classes)} classes {some}; use data with the same classes."
        )
    order = np.array([places[name] for name in data.classes], label_type(len(classes)))
    return replace(data, labels=order[data.labels], classes=tuple(classes))


def check_images(images: NDArray[Any], name: str) -> Pixels:
    """Check the shape of images in arrays; return them.

    raises   DataError unless there are some, and they are within the limits
    """
    sides = images.shape[1:]
    if images.ndim != 3 or not all(1 <= side <= MAX_SIDE for side in sides):
        raise DataError(
            f"{name} has the shape {images.shape}, not that of images of 1 to {MAX_SIDE} pixels on "
            "each side; larger pictures can be in a folder for each class."
        )
    check_number(len(images), name)
    return images


def check_number(images: int, name: str) -> None:
    """Raise DataError if there are no images, or too many."""
    if not 0 < images <= MAX_IMAGES:
        raise DataError(f"{name} has {images:,} images; it must have 1 to {MAX_IMAGES:,}.")


def preprocess(
    data: LabeledImages,
    preprocessing: str,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> LabeledImages:
    """Preprocess images as `preprocessing` does those that a model is given, unless they are.

    workers      processes to use; the images are the same for any number
    on_progress  called with the number of images that are done
    returns      the data with images uint8 (N, 28, 28)
    raises       DataError if a file cannot be decoded, or has changed since it was loaded;
                 WorkerDied
    """
    if data.preprocessing == preprocessing:
        return data
    make = partial(_preprocess_chunk, preprocessing=preprocessing)
    images = make_in_chunks(make, data.images, workers, on_progress)
    return replace(data, images=images, preprocessing=preprocessing)


def _preprocess_chunk(first: int, images: NDArray[Any], preprocessing: str) -> Pixels:
    preprocessor = PREPROCESSORS[preprocessing]
    if images.dtype == np.object_:
        return np.stack([preprocessor.from_image(_decode(file)) for file in images])
    if images.shape[1:] == (IMAGE_SIDE, IMAGE_SIDE):
        return preprocessor.from_mnist(images)
    return np.stack([preprocessor.from_ink(image) for image in images])


def _decode(file: PictureFile) -> Pixels:
    """Decode a file to RGBA, if its content is still the same."""
    try:
        with open(file.path, "rb") as opened:
            content = opened.read(Limits.bytes + 1)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise DataError(f"{printable(file.path)} has just been changed: start again.")
        return to_rgba(content)
    except (ImageError, OSError) as error:
        raise unusable(file, error) from None


def unusable(file: PictureFile, error: ImageError | OSError) -> DataError:
    """Make the error for a file that cannot be decoded."""
    cause = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
    return DataError(f"{printable(file.path)} cannot be used ({cause}): replace or remove it.")
