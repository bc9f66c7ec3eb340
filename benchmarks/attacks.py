"""The known attacks on the HTTP service, one small function each, and the table of them."""

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from attacked_server import WORKERS, Prepare, Server
from connection_attacks import (
    HALF_A_BODY,
    HALF_A_HEAD,
    WHOLE,
    bodies_without_last_byte,
    malformed_requests,
    more_connections_than_files,
    silent_connections,
    slow_readers,
)
from forged_models import extreme_weights, model_file, nested_metadata, surrogate_metadata
from hostile_pictures import hostile_pictures
from raw_requests import (
    JSON,
    NO_ANSWER,
    PNG,
    PREDICT,
    PREDICTIONS,
    SEVEN,
    Outcome,
    ask,
    at_once,
    at_rate,
    get,
    image_field,
    post,
    post_json,
)

BATCH = f"{PREDICTIONS}/batch"
ADDRESSES = 24  # of the attackers who come from several
RELOAD_S = 2.5  # after which the service has seen that a model's file was replaced


Run = Callable[[Server], Coroutine[Any, Any, Outcome]]


class Attack(NamedTuple):
    """One attack: its name, what it does, and the server that it is made on.

    settings    variables of the server's environment
    prepare     see attacked_server.serving
    open_files  of each of the server's processes, at most
    """

    title: str
    run: Run
    settings: Mapping[str, str] = {}
    prepare: Prepare | None = None
    open_files: int | None = None


@cache
def pictures() -> dict[str, bytes]:
    """Make the hostile pictures, once: it takes seconds."""
    return hostile_pictures()


def progressive_jpeg() -> bytes:
    """Give the picture of 2 kB that costs most: a progressive JPEG with many scans."""
    return pictures()["JPEG, 100 DC refinement scans of 64 megapixels"]


def slow_picture() -> bytes:
    """Give the picture under a megabyte that takes longest of those that are allowed: 0.7 s."""
    return pictures()["PNG, RGBA, noise with Paeth's filter"]


async def long_data_url_header(server: Server) -> Outcome:
    """Send data URLs whose header has millions of parts."""
    body = '{"image": "data:' + ";İ" * 7_330_000 + ';base64,AAAA"}'
    request = post(PREDICT, JSON, body.encode())
    return Outcome(await at_once(2, lambda: ask(server.port, request)))


async def each_hostile_picture(server: Server) -> Outcome:
    """Send each picture that is small to send and costly to decode, one after the other."""
    answers, slowest, slowest_s = [], "", 0.0
    for name, picture in pictures().items():
        answers.append(await ask(server.port, post_json(PREDICT, image_field(picture))))
        if answers[-1].seconds > slowest_s:
            slowest, slowest_s = name, answers[-1].seconds
    return Outcome(answers, f"slowest: {slowest}")


async def hostile_pictures_at_rate(server: Server) -> Outcome:
    """Send ten of the most costly picture each second, for 5 s."""
    request = post(PREDICTIONS, "application/octet-stream", progressive_jpeg())
    return Outcome(await at_rate(0.1, lambda: ask(server.port, request), count=50))


def batch(count: int) -> bytes:
    """Make the request for a batch of slow pictures."""
    return post_json(BATCH, {"drawings": [image_field(slow_picture())] * count})


async def batch_of_slow_pictures(server: Server) -> Outcome:
    """Send a batch of 24 slow pictures, and wait."""
    return Outcome([await ask(server.port, batch(24), patience_s=60)])


async def batch_without_client(server: Server) -> Outcome:
    """Send batches of 24 slow pictures, and leave after a second."""
    answers = await at_once(4, lambda: ask(server.port, batch(24), patience_s=1))
    return Outcome(answers, "they left after 1 s")


async def deadline_behind_slow_pictures(server: Server) -> Outcome:
    """Keep the only thread of each worker busy, and time how long ordinary drawings wait."""
    held = asyncio.ensure_future(at_once(4, lambda: ask(server.port, batch(6))))
    await asyncio.sleep(0.3)
    request = post(PREDICTIONS, PNG, SEVEN)
    answers = await at_once(20, lambda: ask(server.port, request, patience_s=30))
    held.cancel()
    return Outcome(answers, "the drawings' answers")


async def full_temporary_folder(server: Server) -> Outcome:
    """Fill the file system of the server's temporary files, and go on sending requests."""
    before = set(server.workers())
    with open(server.folder / "small" / "filling", "wb", buffering=0) as filling:
        try:
            while filling.write(b"\0" * 4096):
                pass
        except OSError:  # no space is left
            pass
    requests = [post(PREDICTIONS, PNG, SEVEN), get("/healthz"), get("/docs"), get("/nowhere")]
    answers = []
    for _ in range(20):
        for request in requests:
            answers.append(await ask(server.port, request, patience_s=2))
            await asyncio.sleep(0.05)
    died = len(before - set(server.workers()))
    note = f"{died} of the first {WORKERS} workers died, {len(server.workers())} run afterwards"
    return Outcome(answers, note)


@contextmanager
def small_file_system(folder: Path) -> Iterator[dict[str, str]]:
    """Mount a file system of 16 MiB for the server's temporary files.

    raises   subprocess.CalledProcessError if this user may not
    """
    mounted = folder / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(mounted)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield {"TMPDIR": str(mounted)}
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def swapped_in(forge: Callable[[bytes], bytes], request: bytes) -> Run:
    """Make the attack that replaces the model's file by a forged one, and then sends requests."""

    async def run(server: Server) -> Outcome:
        model = server.folder / "model.safetensors"
        forged = model.with_suffix(".new")
        forged.write_bytes(forge(model.read_bytes()))
        os.replace(forged, model)
        await asyncio.sleep(RELOAD_S)
        answers = [await ask(server.port, request) for _ in range(20)]
        ready = await ask(server.port, get("/readyz"))
        invalid = sum(b"NaN" in answer.body for answer in answers)
        return Outcome(answers, f"{invalid} answers hold NaN; readiness {ready.status}")

    return run


async def health_beyond_rate_limit(server: Server) -> Outcome:
    """Ask for health and metrics more often than a client may send requests."""
    paths = ["/healthz", "/readyz", "/metrics"] * 100
    return Outcome([await ask(server.port, get(path)) for path in paths])


async def stopped_worker(server: Server) -> Outcome:
    """Stop one of the workers, send 100 drawings, and see whether the worker is replaced."""
    worker = server.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    request = post(PREDICTIONS, PNG, SEVEN)
    answers = await at_rate(0.05, lambda: ask(server.port, request, patience_s=15), count=100)
    replaced = "still there" if worker in server.processes() else "replaced"
    hung = Counter(answer.status for answer in answers)[NO_ANSWER]
    return Outcome(answers, f"{hung} of 100 hung over 15 s; the worker is {replaced}")


DRAWING = post_json(PREDICT, image_field(SEVEN))
MODELS = get("/api/v1/models")
RATE_LIMIT = {"INKDIGITS_RATE_LIMIT": "100/minute"}
ONE_THREAD = {"INKDIGITS_THREADS": "1", "INKDIGITS_DEADLINE_S": "1"}

ATTACKS = (
    Attack("2 data URLs, headers of 7 million parts", long_data_url_header),
    Attack("each hostile picture", each_hostile_picture),
    Attack("10 progressive JPEGs a second", hostile_pictures_at_rate),
    Attack("batch of 24 slow pictures", batch_of_slow_pictures),
    Attack("4 batches of 24, their clients gone", batch_without_client),
    Attack("deadline of 1 s behind 4 batches", deadline_behind_slow_pictures, ONE_THREAD),
    Attack("40 bodies of 22 MB but for a byte", bodies_without_last_byte),
    Attack("temporary folder full", full_temporary_folder, prepare=small_file_system),
    Attack("2,400 connections: nothing sent", silent_connections(b"")),
    Attack("2,400 connections: half a head", silent_connections(HALF_A_HEAD)),
    Attack("2,400 connections: half a body", silent_connections(HALF_A_BODY)),
    Attack("2,400 connections: answered, kept", silent_connections(WHOLE, answered=True)),
    Attack("2,400 from 24 addresses: nothing sent", silent_connections(b"", addresses=ADDRESSES)),
    Attack("200 readers that never read", slow_readers),
    Attack("model with extreme weights", swapped_in(extreme_weights, DRAWING), prepare=model_file),
    Attack("model with nested metadata", swapped_in(nested_metadata, MODELS), prepare=model_file),
    Attack("model with a surrogate", swapped_in(surrogate_metadata, MODELS), prepare=model_file),
    Attack("health beyond the rate limit", health_beyond_rate_limit, RATE_LIMIT),
    Attack("malformed requests", malformed_requests),
    Attack("200 connections, 64 files", more_connections_than_files, open_files=64),
    Attack("1 of 2 workers stopped", stopped_worker),
)
