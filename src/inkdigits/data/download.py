"""Download data sets, such as MNIST and the QMNIST writers, from mirrors, verified by SHA-256."""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

import pooch
import requests

from inkdigits.data import mnist
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Source

_MNIST = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_QMNIST = (
    "https://raw.githubusercontent.com/facebookresearch/qmnist/master/",
    "https://cdn.jsdelivr.net/gh/facebookresearch/qmnist@master/",
)

# File name -> the URLs of its .gz, in the order in which they are tried.
MIRRORS = {
    name: tuple(
        f"{folder}{name}.gz" for folder in (_QMNIST if name == mnist.TRAIN_WRITERS else _MNIST)
    )
    for name in mnist.SOURCES
}


@dataclass(frozen=True)
class Timeouts:
    """When to give up on a mirror."""

    idle_s: float = 20  # it has sent (almost) no data for this long
    total_s: float = 600  # one file has taken this long


def download(
    folder: Path,
    on_progress: Callable[[str, int, int], None],
    on_failure: Callable[[str], None],
    timeouts: Timeouts = Timeouts(),
    sources: Mapping[str, Source] | None = None,
    mirrors: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Download the files that a folder lacks, uncompressed and verified.

    on_progress  called with a file's name, the bytes written so far, and its size
    on_failure   called with a message when a mirror fails: why, and which is tried next
    sources      files by name; None for those of MNIST
    mirrors      the URLs of each file's .gz, by name; None for those of MNIST
    raises       DataError if all mirrors of a file fail, or the folder is not writable
    """
    pooch.get_logger().setLevel("WARNING")
    failed = []
    urls = MIRRORS if mirrors is None else mirrors
    for source in (mnist.SOURCES if sources is None else sources).values():
        if _is_present(folder, source):
            continue
        if not _download_from_mirrors(
            folder, source, urls[source.name], on_progress, on_failure, timeouts
        ):
            failed.append(source)
    if failed:
        files = ", ".join(f"{source.name} (SHA-256 {source.sha256})" for source in failed)
        raise DataError(
            "All mirrors failed: get these files elsewhere and copy them, "
            f"uncompressed or as .gz, to {folder}: {files}."
        )


def _is_present(folder: Path, source: Source) -> bool:
    try:
        mnist.read_source([folder], source, "")
    except DataError:
        return False
    return True


class _MirrorError(Exception):
    """Why a mirror failed; the message continues a sentence that begins with its URL."""


def _download_from_mirrors(
    folder: Path,
    source: Source,
    mirrors: Sequence[str],
    on_progress: Callable[[str, int, int], None],
    on_failure: Callable[[str], None],
    timeouts: Timeouts,
) -> bool:
    """Try the mirrors in turn; return whether one of them delivered the file."""

    def save(url: str, path: str, _: object) -> None:
        with open(path, "wb") as file:
            size = 0
            for content in _gunzip(_stream(url, timeouts), source.size):
                size += file.write(content)
                on_progress(source.name, size, source.size)

    for url, next_url in zip(mirrors, (*mirrors[1:], None), strict=True):
        try:
            pooch.retrieve(url, source.sha256, source.name, folder, downloader=save)
            return True
        except _MirrorError as error:
            reason = str(error)
        except ValueError:  # how pooch reports a wrong hash
            reason = "sent a file with the wrong SHA-256"
        except OSError as error:
            raise DataError(
                f"{folder} is not writable ({error.strerror or 'Permission denied'}): free some "
                "space or make it writable, or name a folder that has the files with --data-dir."
            ) from error
        on_failure(
            f"{url} {reason}; " + (f"trying {next_url} next" if next_url else "no mirrors left")
        )
    return False


def _gunzip(chunks: Iterator[bytes], max_size: int) -> Iterator[bytes]:
    """Decompress a gzip stream.

    raises  _MirrorError if it is damaged, truncated, or holds more than `max_size` bytes
    """
    decompressor = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    size = 0
    for chunk in chunks:
        try:
            content = decompressor.decompress(chunk)  # 4 KiB expand to 4 MiB at most
        except zlib.error as error:
            raise _MirrorError("sent a file that is damaged or not compressed") from error
        size += len(content)
        if size > max_size:
            raise _MirrorError(f"sent more than {max_size} bytes")
        yield content
        if decompressor.eof:
            return
    raise _MirrorError("sent a truncated file")


def _stream(url: str, timeouts: Timeouts) -> Iterator[bytes]:
    """Yield the body of a mirror's response as it arrives.

    A thread receives it and can be abandoned, because the timeout of requests covers neither the
    DNS lookup nor a mirror that sends a byte now and then, forever.
    """
    received: SimpleQueue[bytes | Exception | None] = SimpleQueue()
    abandoned = Event()
    Thread(target=_receive, args=(url, received, abandoned, timeouts), daemon=True).start()
    end = time.monotonic() + timeouts.total_s
    try:
        while True:
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise _MirrorError(f"did not finish within {timeouts.total_s:g} s")
            try:
                chunk = received.get(timeout=min(timeouts.idle_s, left_s))
            except Empty:
                if left_s <= timeouts.idle_s:
                    continue
                raise _MirrorError(f"sent (almost) no data for {timeouts.idle_s:g} s") from None
            if chunk is None:
                return
            if isinstance(chunk, requests.HTTPError):
                raise _MirrorError(f"responded with status {chunk.response.status_code}")
            if isinstance(chunk, Exception):
                raise _MirrorError(f"failed to connect or disconnected ({type(chunk).__name__})")
            yield chunk
    finally:
        abandoned.set()


def _receive(
    url: str,
    received: "SimpleQueue[bytes | Exception | None]",
    abandoned: Event,
    timeouts: Timeouts,
) -> None:
    """Put the body of a response into a queue in chunks, then None, or the error that ended it."""
    try:
        # Without "identity" a server might compress the .gz again.
        headers = {"Accept-Encoding": "identity"}
        with requests.get(  # the timeout only ends the thread
            url, headers=headers, stream=True, timeout=2 * timeouts.idle_s
        ) as response:
            response.raise_for_status()
            for chunk in response.raw.stream(4096, decode_content=False):
                if abandoned.is_set():
                    return
                received.put(chunk)
        received.put(None)
    except Exception as error:
        received.put(error)
