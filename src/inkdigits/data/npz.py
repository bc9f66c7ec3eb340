"""Read labeled images from a NumPy archive, .npz, without running any code that it may contain.

It has the arrays `x` and `y`, `images` and `labels`, or `x_train`, `y_train`, `x_test`, `y_test`
(as Keras keeps MNIST); and, if known, `classes` (the names of the labels 0, 1, ...) and `writers`.
"""

import hashlib
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.constants import MAX_NAME
from inkdigits.data import labeled
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, MAX_PIXELS, ClassNames, LabeledImages
from inkdigits.data.mnist import Split
from inkdigits.imaging.errors import UnsupportedImage
from inkdigits.imaging.inputs import to_gray_levels

MAGIC = b"PK"
MAX_BYTES = 2**31  # of the file
MAX_ARRAYS = 64
MAX_LIST_BYTES = 2**16  # of a ZIP file's list of its members
END_BYTES, LOCATOR_BYTES = 22, 20  # of the record at its end, and of one that may come before
MAX_ARRAY_BYTES = 4 * MAX_PIXELS  # decompressed, as the header of an array declares: float32
KINDS = {"images": "buif", "labels": "uiUS", "names": "US"}  # of NumPy's types; never objects


def read_npz(path: Path, split: Split = "train") -> LabeledImages:
    """Read images of shape (N, H, W), (N, H, W, 1) or (N, S * S), with labels of shape (N,).

    split    which images to take of a file that has both
    raises   DataError
    """
    source = labeled.file_name(path)
    with path.open("rb") as file:
        if file.seek(0, 2) > MAX_BYTES:
            raise DataError(f"{source} has more than {MAX_BYTES:,} bytes; use fewer images.")
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    _check_end(path, source)
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, source, sha256, split)
    except DataError:
        raise
    # A damaged archive raises BadZipFile, zlib.error, EOFError, NotImplementedError, ...
    except Exception as error:
        cause = ascii(str(error).partition("\n")[0])[1:-1][:100].strip(" .")
        raise DataError(
            f"{source} is damaged or not an .npz file ({cause.replace('. ', '; ')}): replace it."
        ) from error


def _check_end(path: Path, source: str) -> None:
    """Raise DataError unless the file ends as NumPy writes it, with a short list of its arrays.

    zipfile reads the whole list, which could take gigabytes of memory.
    source   PKWARE's APPNOTE 6.3.10, sections 4.3.15 and 4.3.16
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES - LOCATOR_BYTES))
        end = file.read()
    record = end[-END_BYTES:]
    if (
        not record.startswith(b"PK\5\6")
        or int.from_bytes(record[12:16], "little") > MAX_LIST_BYTES
        or end.startswith(b"PK\6\7")  # the sizes are in another record
    ):
        raise DataError(
            f"{source} is not an .npz file that NumPy has written, or is damaged: save it again "
            "with numpy.savez, or unpack it if it is an archive of other files."
        )


def _read(archive: zipfile.ZipFile, source: str, sha256: str, split: Split) -> LabeledImages:
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    if len(archive.infolist()) > MAX_ARRAYS:
        raise DataError(f"{source} has more than {MAX_ARRAYS} arrays; save only those needed.")
    names = {name.lower(): name for name in members}
    pairs = ((f"x_{split}", f"y_{split}"), ("x", "y"), ("images", "labels"))
    pair = next((pair for pair in pairs if names.keys() >= set(pair)), None)
    if pair is None:
        raise DataError(
            f"{source} has neither the arrays x and y, nor images and labels, nor x_{split} and "
            f"y_{split}; save it as numpy.savez(file, x=images, y=labels)."
        )

    def array(name: str, kind: str) -> NDArray[Any]:
        return _array(archive, members[names[name]], f"{source}: {names[name]!a}", kind)

    images = _images(array(pair[0], "images"), f"{source}: {pair[0]}")
    values = array(pair[1], "labels")
    if values.shape == (len(images), 1):
        values = values[:, 0]
    if values.shape != (len(images),):
        raise DataError(
            f"{source}: {pair[1]} has the shape {values.shape}, not one label for each of the "
            f"{len(images):,} images; correct the file."
        )
    numbers = ClassNames(source)
    labels, classes = numbers.sort([numbers.number(text) for text in _texts(values, source)])
    writers = None
    if "writers" in names:
        writers = np.array(_texts(array("writers", "labels"), source))
        if writers.shape != (len(images),):
            raise DataError(f"{source}: writers does not have one name for each image; correct it.")
    data = LabeledImages(images, labels, writers, {source: sha256}, classes, source)
    if "classes" in names:
        return labeled.with_class_names(data, _texts(array("classes", "names"), source))
    return data


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, kind: str) -> NDArray[Any]:
    """Read an array, after checking the size and the type that its header declares."""
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version == (1, 0):
            shape, is_fortran, dtype = npy.read_array_header_1_0(file)
        else:
            shape, is_fortran, dtype = npy.read_array_header_2_0(file)
        if dtype.hasobject or dtype.kind not in KINDS[kind]:
            raise DataError(
                f"{name} is an array of {ascii(str(dtype))[1:-1][:40]}; it must be of numbers or "
                "of text, not of objects."
            )
        size = math.prod(shape) * dtype.itemsize
        limit = MAX_ARRAY_BYTES if kind == "images" else MAX_IMAGES * 4 * MAX_NAME
        if not shape or math.prod(shape) > MAX_PIXELS or not 0 < size <= limit:
            raise DataError(
                f"{name} declares the shape {str(shape)[:60]} and {size:,} bytes; it must have at "
                f"least one value and at most {limit:,} bytes."
            )
        content = file.read(size)
        if len(content) != size or file.read(1):
            raise DataError(
                f"{name} does not have the {size:,} bytes that it declares; save it again."
            )
    order: Any = "F" if is_fortran else "C"
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def _images(array: NDArray[Any], name: str) -> Pixels:
    """Return images as uint8 (N, H, W)."""
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    elif array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side != array.shape[1]:
            raise DataError(
                f"{name} has {array.shape[1]:,} values for each image, which are not a square "
                "image; give it the shape (N, height, width)."
            )
        array = array.reshape(-1, side, side)
    labeled.check_images(array, name)
    if array.dtype.kind in "ui" and array.dtype != np.uint8:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 255:
            raise DataError(
                f"{name} has values from {low:,} to {high:,}; they must be from 0 to 255."
            )
        array = array.astype(np.uint8)
    try:
        return np.ascontiguousarray(to_gray_levels(array))
    except UnsupportedImage:
        raise DataError(
            f"{name} has values of {array.dtype} that are not from 0 to 1; convert them to uint8 "
            "from 0 to 255."
        ) from None


def _texts(values: NDArray[Any], source: str) -> list[str]:
    """Return labels or names as texts: numbers as Python writes them."""
    if values.ndim != 1:
        raise DataError(f"{source} has names or labels of the shape {values.shape}, not a list.")
    if values.dtype.kind == "S":
        return [value.decode("utf-8", "backslashreplace") for value in values.tolist()]
    return [str(value) for value in values.tolist()]
