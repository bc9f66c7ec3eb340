"""Decode and preprocess many image files, in order: in this process, or in several."""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeAlias

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import ImageError
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.worker_pool import map_in_processes

CHUNK = 16  # images that go to a process, and through the network, at a time

# The bytes of a file, its path, or why it cannot be read, which is then its result.
ImageFile: TypeAlias = bytes | str | os.PathLike[str] | OSError
Preprocessed: TypeAlias = Pixels | ImageError | OSError


def preprocess_many(
    files: Iterable[ImageFile], preprocessing: str, workers: int
) -> Iterator[list[Preprocessed]]:
    """Decode and preprocess image files, some at a time, in order.

    Files are taken from the iterable as they are needed, so there may be any number of them.

    files          the bytes of image files, or their paths
    preprocessing  a name in PREPROCESSORS
    workers        processes to use; 1 is this process
    returns        for each file the candidates, uint8 (K, 28, 28), or why it has none
    raises         WorkerDied; ValueError if there is not at least one worker
    """
    preprocess = partial(_preprocess, preprocessing=preprocessing)
    return map_in_processes(preprocess, _chunks(files), workers)


def _chunks(files: Iterable[ImageFile]) -> Iterator[tuple[list[ImageFile]]]:
    iterator = iter(files)
    while chunk := list(islice(iterator, CHUNK)):
        yield (chunk,)


def _preprocess(chunk: list[ImageFile], preprocessing: str) -> list[Preprocessed]:
    candidates = PREPROCESSORS[preprocessing].candidates
    results: list[Preprocessed] = []
    for file in chunk:
        try:
            results.append(candidates(decode(_read(file))))
        except (ImageError, OSError) as error:
            results.append(error)
    return results


def _read(file: ImageFile) -> bytes:
    if isinstance(file, OSError):
        raise file
    if isinstance(file, bytes):
        return file
    with open(file, "rb") as opened:
        return opened.read()
