"""Decode and preprocess many images, in order: in this process, or in several."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeAlias

from inkdigits.arrays import Pixels
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.inputs import ImageInput, to_rgba
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.worker_pool import map_in_processes

CHUNK = 16  # images that go to a process, and through the network, at a time

Preprocessed: TypeAlias = Pixels | ImageError | OSError


def preprocess_many(
    images: Iterable[ImageInput | OSError], preprocessing: str, workers: int
) -> Iterator[list[Preprocessed]]:
    """Decode and preprocess images, some at a time, in order.

    They are taken from the iterable as they are needed, so there may be any number of them.

    images         in any form, or why one cannot be read, which is then its result
    preprocessing  a name in PREPROCESSORS
    workers        processes to use; 1 is this process
    returns        for each image the candidates, uint8 (K, 28, 28), or why it has none
    raises         WorkerDied; ValueError if there is not at least one worker
    """
    preprocess = partial(_preprocess, preprocessing=preprocessing)
    return map_in_processes(preprocess, _chunks(images), workers)


def _chunks(
    images: Iterable[ImageInput | OSError],
) -> Iterator[tuple[list[ImageInput | OSError]]]:
    iterator = iter(images)
    while chunk := list(islice(iterator, CHUNK)):
        yield (chunk,)


def _preprocess(chunk: list[ImageInput | OSError], preprocessing: str) -> list[Preprocessed]:
    candidates = PREPROCESSORS[preprocessing].candidates
    results: list[Preprocessed] = []
    for image in chunk:
        if isinstance(image, OSError):
            results.append(image)
            continue
        try:
            results.append(candidates(to_rgba(image)))
        except (ImageError, OSError) as error:
            results.append(error)
    return results
