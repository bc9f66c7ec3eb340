"""MNIST's five files: downloaded from mirrors, verified by their hashes, and read into arrays."""

import math
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Literal, TypeAlias

import numpy as np
import pooch
import requests
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.data import folders
from inkdigits.data.folders import DataError

Split: TypeAlias = Literal["train", "test"]


@dataclass(frozen=True)
class Source:
    """A file of the data set: size and SHA-256 of its content, and where its .gz can be had."""

    name: str
    size: int  # bytes
    sha256: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits, what each of them is, and who wrote them."""

    images: Pixels  # uint8 (N, 28, 28), 0 is the sheet and 255 is full ink
    labels: NDArray[np.uint8]  # (N,) 0 to 9
    writers: NDArray[np.int32] | None  # (N,) a number for each hand; None if not known
    hashes: Mapping[str, str] = field(default_factory=dict)  # file name -> SHA-256 of its content

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: Any) -> "Digits":
        """Return the digits that an index array, a boolean mask (N,) or a slice selects."""
        return replace(
            self,
            images=self.images[which],
            labels=self.labels[which],
            writers=None if self.writers is None else self.writers[which],
        )


TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
TRAIN_WRITERS = "qmnist-train-labels-idx2-int"  # QMNIST, C. Yadav and L. Bottou, BSD license

_MNIST = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_QMNIST = (
    "https://raw.githubusercontent.com/facebookresearch/qmnist/master/",
    "https://cdn.jsdelivr.net/gh/facebookresearch/qmnist@master/",
)

_CONTENTS = {
    TRAIN_IMAGES: (47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    TRAIN_LABELS: (60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    TEST_IMAGES: (7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    TEST_LABELS: (10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    TRAIN_WRITERS: (1920012, "bb1b6e1ec7b04fd5696f1ed50b5f58f8ef195118edd5c93c81783df9740b8ac5"),
}

SOURCES = {
    name: Source(
        name,
        size,
        sha256,
        tuple(f"{folder}{name}.gz" for folder in (_QMNIST if name == TRAIN_WRITERS else _MNIST)),
    )
    for name, (size, sha256) in _CONTENTS.items()
}


def load(split: Split, directory: Path | None = None) -> Digits:
    """Load the 60,000 training or the 10,000 test digits, in the order of their files.

    directory  where the files are; see find()
    returns    Digits, read-only; writers only for "train", and only if their file is there
    raises     DataError if a file is missing, is not the one it should be, or contradicts another
    """
    searched = find(directory)
    if split == "test":
        images_name, labels_name, writers_name = TEST_IMAGES, TEST_LABELS, None
    else:
        images_name, labels_name, writers_name = TRAIN_IMAGES, TRAIN_LABELS, TRAIN_WRITERS
    images = read_idx(_read(searched, images_name), images_name)
    labels = read_idx(_read(searched, labels_name), labels_name)
    _check_digits(images, images_name, labels, labels_name)
    names = [images_name, labels_name]
    writers = None
    if writers_name and folders.locate(searched, writers_name):
        writers = _writers(read_idx(_read(searched, writers_name), writers_name), labels)
        names.append(writers_name)
    return Digits(images, labels, writers, {name: SOURCES[name].sha256 for name in names})


def find(directory: Path | None = None) -> list[Path]:
    """Return the folders that have the four files of MNIST, together.

    directory  what the user named; see folders.find()
    raises     DataError if one of the four is missing (the fifth, with the writers, may be)
    """
    searched = folders.find(directory)
    missing = [
        name for name in SOURCES if name != TRAIN_WRITERS and not folders.locate(searched, name)
    ]
    if missing and folders.named(directory):
        raise DataError(
            f"{folders.lack(searched, missing)}: "
            "put them there, compressed (.gz) or not, or name the folder that has them."
        )
    if missing:
        raise DataError(
            "MNIST is not in the cache yet: run `inkdigits data`, which downloads it, "
            "or name a folder that has it with --data-dir or INKDIGITS_DATA."
        )
    return searched


def read_idx(data: bytes, name: str) -> NDArray[Any]:
    """Read an array in the IDX format, to the letter.

    data     two zero bytes, a type (8 is uint8, 12 is big-endian int32), the number of dimensions,
             each dimension as a big-endian uint32, then the elements and nothing behind them
    name     of the file, for the message
    returns  uint8 or int32, read-only
    raises   DataError if a byte is wrong, missing or too many
    source   Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"
    """
    dtypes: dict[bytes, np.dtype[Any]] = {
        b"\0\0\x08": np.dtype(np.uint8),
        b"\0\0\x0c": np.dtype(">i4"),
    }
    dtype = dtypes.get(data[:3])
    if dtype is None:
        raise DataError(f"{name} begins with {data[:3].hex(' ')}, which no IDX file of MNIST does.")
    start = 4 + 4 * int.from_bytes(data[3:4])
    if len(data) < max(start, 4):
        raise DataError(f"{name} ends in the middle of its header.")
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise DataError(f"{name} has {len(data)} bytes where its header promises {expected}.")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    native: NDArray[Any] = array.astype(dtype.newbyteorder("="), copy=False)
    native.flags.writeable = False
    return native


def _check_digits(
    images: NDArray[Any], images_name: str, labels: NDArray[Any], labels_name: str
) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise DataError(f"{images_name} holds {images.dtype} {images.shape}, not 28x28 pictures.")
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise DataError(f"{labels_name} holds {labels.dtype} {labels.shape}, not a row of labels.")
    if len(images) != len(labels):
        raise DataError(
            f"{images_name} holds {len(images)} pictures but {labels_name} {len(labels)} labels."
        )
    if (labels > 9).any():
        raise DataError(f"{labels_name} holds the label {labels.max()}, which is no digit.")


def _writers(table: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.int32]:
    """Return the writer of each digit, the third of QMNIST's eight columns."""
    if table.dtype != np.int32 or table.shape != (len(labels), 8):
        raise DataError(
            f"{TRAIN_WRITERS} holds {table.dtype} {table.shape}, "
            f"not 8 columns for {len(labels)} digits."
        )
    if (table[:, 0] != labels).any():
        raise DataError(f"{TRAIN_WRITERS} and {TRAIN_LABELS} disagree on what the digits are.")
    return table[:, 2]


def _read(searched: Sequence[Path], name: str) -> bytes:
    """Return the content of a file, which is certain to have the hash in SOURCES."""
    source = SOURCES[name]
    path = folders.locate(searched, name)
    if path is None:
        raise DataError(f"{folders.lack(searched, [name])}: put it there, compressed (.gz) or not.")
    remedy = "replace it, or delete it and run `inkdigits data`"
    return folders.read(path, source.size, source.sha256, remedy)


@dataclass(frozen=True)
class Patience:
    """When a mirror is given up."""

    silence_s: float = 20  # it sent next to nothing for so long
    deadline_s: float = 600  # it needed longer than this for one file


def download(
    folder: Path,
    on_progress: Callable[[str, int, int], None],
    on_failure: Callable[[str], None],
    patience: Patience = Patience(),
) -> None:
    """Download into a folder whatever it lacks of SOURCES, decompressed and verified.

    on_progress  is told a file's name, the bytes of its content so far, and all of them
    on_failure   is told in a sentence that a mirror failed, and which is tried next
    raises       DataError if every mirror of a file failed, or the folder cannot be written
    """
    pooch.get_logger().setLevel("WARNING")
    absent = []
    for source in SOURCES.values():
        if _is_right(folder, source):
            continue
        if not _download_from_any_mirror(folder, source, on_progress, on_failure, patience):
            absent.append(source)
    if absent:
        files = ", ".join(f"{source.name} (SHA-256 {source.sha256})" for source in absent)
        raise DataError(
            f"Every mirror failed: get these files elsewhere and put them, "
            f"decompressed or as .gz, into {folder}: {files}."
        )


def _is_right(folder: Path, source: Source) -> bool:
    try:
        _read([folder], source.name)
    except DataError:
        return False
    return True


class _MirrorError(Exception):
    """What a mirror did wrong, as the end of a sentence that begins with its address."""


def _download_from_any_mirror(
    folder: Path,
    source: Source,
    on_progress: Callable[[str, int, int], None],
    on_failure: Callable[[str], None],
    patience: Patience,
) -> bool:
    def save(url: str, path: str, _: object) -> None:
        with open(path, "wb") as file:
            size = 0
            for content in _inflated(_pieces(url, patience), source.size):
                size += file.write(content)
                on_progress(source.name, size, source.size)

    for url, next_url in zip(source.mirrors, (*source.mirrors[1:], None), strict=True):
        try:
            pooch.retrieve(url, source.sha256, source.name, folder, downloader=save)
            return True
        except _MirrorError as fault:
            reason = str(fault)
        except ValueError:  # how pooch says that the hash is wrong
            reason = "sent another file than the one that its name promises"
        except OSError as error:
            raise DataError(
                f"{folder} cannot be written ({error.strerror or 'Permission denied'}): make room "
                "there or make it writable, or name a folder that has the files with --data-dir."
            ) from error
        on_failure(
            f"{url} {reason}; " + (f"trying {next_url} next" if next_url else "no mirror is left")
        )
    return False


def _inflated(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Decompress gzip as it comes, and never to more than the limit in bytes."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    size = 0
    for piece in pieces:
        try:
            content = inflater.decompress(piece)  # of 4 KiB becomes 4 MiB at most
        except zlib.error as error:
            raise _MirrorError("sent a file that is damaged or not compressed") from error
        size += len(content)
        if size > limit:
            raise _MirrorError(f"sent a file of more than {limit} bytes")
        yield content
        if inflater.eof:
            return
    raise _MirrorError("sent a file that is cut short")


def _pieces(url: str, patience: Patience) -> Iterator[bytes]:
    """Yield a mirror's answer as it comes.

    The answer is received in a thread that can be left behind: a timeout of requests covers neither
    the look-up of the name nor a mirror that sends a byte now and then, for ever.
    """
    received: SimpleQueue[bytes | Exception | None] = SimpleQueue()
    abandoned = Event()
    Thread(target=_receive, args=(url, received, abandoned, patience), daemon=True).start()
    end = time.monotonic() + patience.deadline_s
    try:
        while True:
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise _MirrorError(f"was not done within {patience.deadline_s:g} s")
            try:
                piece = received.get(timeout=min(patience.silence_s, left_s))
            except Empty:
                if left_s <= patience.silence_s:
                    continue
                raise _MirrorError(f"sent next to nothing for {patience.silence_s:g} s") from None
            if piece is None:
                return
            if isinstance(piece, requests.HTTPError):
                raise _MirrorError(f"answered with status {piece.response.status_code}")
            if isinstance(piece, Exception):
                raise _MirrorError(f"did not connect or broke off ({type(piece).__name__})")
            yield piece
    finally:
        abandoned.set()


def _receive(
    url: str,
    received: "SimpleQueue[bytes | Exception | None]",
    abandoned: Event,
    patience: Patience,
) -> None:
    """Put an answer's body into a queue piece by piece, then None, or the error that ended it."""
    try:
        # Identity, or a mirror may compress the .gz once more; this timeout only ends the thread.
        headers = {"Accept-Encoding": "identity"}
        with requests.get(
            url, headers=headers, stream=True, timeout=2 * patience.silence_s
        ) as response:
            response.raise_for_status()
            for piece in response.raw.stream(4096, decode_content=False):
                if abandoned.is_set():
                    return
                received.put(piece)
        received.put(None)
    except Exception as error:
        received.put(error)
