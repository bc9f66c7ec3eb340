"""Decode and preprocess many images, in order: in this process, or in a pool of processes."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent import futures  # which imports its pool of processes only when it is used
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from typing import Any, TypeAlias

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import ImageError
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.threads import one_blas_thread, use_one_thread

CHUNK = 16  # images that go to a process, and through the network, at a time
CHUNKS_WAITING = 2  # for each process, so that it never waits for this one

ImageFile: TypeAlias = bytes | str | os.PathLike[str]
Preprocessed: TypeAlias = Pixels | ImageError | OSError


class WorkerDied(Exception):
    """A process of the pool ended unexpectedly; the message says what may help."""


def preprocess_many(
    files: Iterable[ImageFile], preprocessing: str, workers: int
) -> Iterator[list[Preprocessed]]:
    """Decode and preprocess image files, some at a time, in order.

    Files are taken from the iterable as they are needed, so there may be any number of them.

    files          the bytes of image files, or their paths
    preprocessing  a name in PREPROCESSORS
    workers        processes to use; 1 is this process
    returns        for each file the preprocessed image, uint8 (28, 28), or why it has none
    raises         WorkerDied; ValueError if there is not at least one worker
    """
    if workers == 1:
        for chunk in _chunks(files):
            yield _preprocess(chunk, preprocessing)
    else:
        yield from _preprocess_in_pool(_chunks(files), preprocessing, workers)


def _chunks(files: Iterable[ImageFile]) -> Iterator[list[ImageFile]]:
    iterator = iter(files)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


@one_blas_thread()
def _preprocess(chunk: list[ImageFile], preprocessing: str) -> list[Preprocessed]:
    from_image = PREPROCESSORS[preprocessing].from_image
    results: list[Preprocessed] = []
    for file in chunk:
        try:
            results.append(from_image(decode(_read(file))))
        except (ImageError, OSError) as error:
            results.append(error)
    return results


def _read(file: ImageFile) -> bytes:
    if isinstance(file, bytes):
        return file
    with open(file, "rb") as opened:
        return opened.read()


def _preprocess_in_pool(
    chunks: Iterator[list[ImageFile]], preprocessing: str, workers: int
) -> Iterator[list[Preprocessed]]:
    # New processes, not copies of this one: a copy lacks the threads of its libraries, and may wait
    # for them forever.
    context = multiprocessing.get_context("spawn")
    # The workers end when the other end of this pipe is closed, even if this process is killed.
    receiver, sender = context.Pipe(duplex=False)
    executor = futures.ProcessPoolExecutor(workers, context, _start_worker, (receiver,))
    pending: deque[futures.Future[list[Preprocessed]]] = deque()
    try:
        for chunk in chunks:
            with _no_interrupts():
                pending.append(executor.submit(_preprocess, chunk, preprocessing))
            if len(pending) > CHUNKS_WAITING * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        executor.shutdown()
    except futures.BrokenExecutor:
        raise WorkerDied(
            "A process that read images ended unexpectedly, perhaps because the memory was full; "
            "use fewer workers."
        ) from None
    finally:
        sender.close()
        executor.shutdown(cancel_futures=True)
        receiver.close()


def _start_worker(receiver: Any) -> None:
    use_one_thread()
    Thread(target=_exit_when_closed, args=(receiver,), daemon=True).start()


def _exit_when_closed(receiver: Any) -> None:
    try:
        receiver.recv()
    finally:
        os._exit(1)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Block Ctrl-C, for good in processes that start here: their end is up to this one."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
