"""Decode and preprocess many images, in order: in this process, or in several."""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeAlias

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.inputs import ImageInput, to_rgba
from inkdigits.imaging.limits import DEFAULT_LIMITS, Limits
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.threads import available_cpus
from inkdigits.worker_pool import MAX_WORKERS, can_start_processes, map_in_processes

CHUNK = 16  # images that go to a process, and through the network, at a time

# Images for each worker: it takes as long to start as to read a few hundred small ones, or a few
# large ones.
IMAGES_PER_WORKER = 64

Preprocessed: TypeAlias = Pixels | ImageError | OSError


def choose_workers(images: int, images_per_worker: int = IMAGES_PER_WORKER) -> int:
    """Return how many processes to use for a number of images: as many as pay, and are safe."""
    workers = min(available_cpus(), MAX_WORKERS, images // images_per_worker)
    return workers if workers > 1 and can_start_processes() else 1


def preprocess_many(
    images: Iterable[ImageInput | OSError],
    preprocessing: str,
    workers: int,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[list[Preprocessed]]:
    """Decode and preprocess images, some at a time, in order.

    They are taken from the iterable as they are needed, so there may be any number of them.

    images         in any form, or why one cannot be read, which is then its result
    preprocessing  a name in PREPROCESSORS
    workers        processes to use; 1 is this process
    limits         of each file
    returns        for each image the candidates, uint8 (K, 28, 28), or why it has none
    raises         WorkerDied; ValueError if there is not at least one worker
    """
    preprocess = partial(_preprocess, preprocessing=preprocessing, limits=limits)
    sent = images if workers == 1 else (_sendable(image, limits) for image in images)
    return map_in_processes(preprocess, _chunks(sent), workers)


def _sendable(image: ImageInput | OSError, limits: Limits) -> ImageInput | ImageError | OSError:
    """Return what can be sent to another process, which open files and the like cannot."""
    if isinstance(image, (str, bytes, bytearray, OSError)):
        return image
    if isinstance(image, np.ndarray) and not image.dtype.hasobject:
        return image
    try:
        if isinstance(image, os.PathLike):
            return os.fspath(image)
        if isinstance(image, memoryview):
            return bytes(image)
        return to_rgba(image, limits=limits)
    except (ImageError, OSError) as error:
        return error


def _chunks(
    images: Iterable[ImageInput | ImageError | OSError],
) -> Iterator[tuple[list[ImageInput | ImageError | OSError]]]:
    iterator = iter(images)
    while chunk := list(islice(iterator, CHUNK)):
        yield (chunk,)


def _preprocess(
    chunk: list[ImageInput | ImageError | OSError], preprocessing: str, limits: Limits
) -> list[Preprocessed]:
    candidates = PREPROCESSORS[preprocessing].candidates
    results: list[Preprocessed] = []
    for image in chunk:
        if isinstance(image, (ImageError, OSError)):
            results.append(image)
            continue
        try:
            results.append(candidates(to_rgba(image, limits=limits)))
        except (ImageError, OSError) as error:
            results.append(error)
    return results
