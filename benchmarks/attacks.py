"""The known attacks on the HTTP service: one small function each, and the table ATTACKS."""

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

import numpy as np
from connection_attacks import (
    COMPLETE,
    HALF_A_BODY,
    HALF_A_HEADER,
    bodies_without_last_byte,
    clients_that_never_read,
    idle_connections,
    malformed_requests,
    more_connections_than_files,
)
from forged_models import extreme_weights, model_file, nested_metadata, surrogate_metadata
from hostile_images import hostile_images
from raw_requests import (
    JSON,
    NO_RESPONSE,
    PNG,
    PREDICT,
    PREDICTIONS,
    SEVEN,
    Outcome,
    at_rate,
    concurrently,
    get,
    image_field,
    post,
    post_json,
    send,
)
from server_under_test import WORKERS, Prepare, Server

BATCH = f"{PREDICTIONS}/batch"
NUMBERS = "/api/v1/numbers"
EXPLANATIONS = "/api/v1/explanations"
ADDRESSES = 24  # of the attack from several addresses
RELOAD_S = 2.5  # time for the service to notice a replaced model file

Run = Callable[[Server], Coroutine[Any, Any, Outcome]]


class Attack(NamedTuple):
    """An attack: its title, the function that runs it, and how the server is set up.

    settings    environment variables of the server
    prepare     see server_under_test.serving
    open_files  limit on the open files of each of the server's processes
    """

    title: str
    run: Run
    settings: Mapping[str, str] = {}
    prepare: Prepare | None = None
    open_files: int | None = None


@cache
def images() -> dict[str, bytes]:
    """Make the hostile images, only once because it takes seconds."""
    return hostile_images()


def progressive_jpeg() -> bytes:
    """Return the most expensive image for its 2 kB: a progressive JPEG with many scans."""
    return images()["JPEG, 100 DC refinement scans of 64 megapixels"]


def slow_image() -> bytes:
    """Return the slowest accepted image of less than a megabyte, which takes 0.7 s."""
    return images()["PNG, RGBA, noise with the Paeth filter"]


async def long_data_url_header(server: Server) -> Outcome:
    """Send data URLs with millions of header parameters."""
    body = '{"image": "data:' + ";İ" * 7_330_000 + ';base64,AAAA"}'
    request = post(PREDICT, JSON, body.encode())
    return Outcome(await concurrently(2, lambda: send(server.port, request)))


def each_hostile_image(path: str, **constraints: object) -> Run:
    """Return an attack that sends each image that is cheap to send and expensive to decode."""

    async def run(server: Server) -> Outcome:
        responses, slowest, slowest_s = [], "", 0.0
        for name, image in images().items():
            fields = image_field(image) | constraints
            responses.append(await send(server.port, post_json(path, fields)))
            if responses[-1].seconds > slowest_s:
                slowest, slowest_s = name, responses[-1].seconds
        return Outcome(responses, f"slowest: {slowest}")

    return run


async def numbers_with_many_choices(server: Server) -> Outcome:
    """Send a dense picture ten times, each with 10,000 choices of 20 digits."""
    choices = [str(10**19 + 982_451_653 * place) for place in range(10_000)]
    image = images()["noise, 2048 x 2048"]
    request = post_json(NUMBERS, image_field(image) | {"choices": choices})
    return Outcome(await concurrently(10, lambda: send(server.port, request, timeout_s=60)))


async def explanations_of_noise(server: Server) -> Outcome:
    """Ask ten times for every part that searches, of a picture for which the search is longest."""
    rng = np.random.default_rng(0)
    pixels = np.pad(rng.integers(0, 256, (26, 26)), 1).tolist()
    parts = {"parts": ["occlusion", "change", "rejection"], "target": "1"}
    request = post_json(EXPLANATIONS, {"pixels": pixels} | parts)
    return Outcome(await concurrently(10, lambda: send(server.port, request, timeout_s=60)))


async def hostile_images_at_rate(server: Server) -> Outcome:
    """Send the most expensive image ten times per second, for 5 s."""
    request = post(PREDICTIONS, "application/octet-stream", progressive_jpeg())
    return Outcome(await at_rate(0.1, lambda: send(server.port, request), count=50))


def batch(count: int) -> bytes:
    """Make a request with a batch of slow images."""
    return post_json(BATCH, {"drawings": [image_field(slow_image())] * count})


async def batch_of_slow_images(server: Server) -> Outcome:
    """Send a batch of 24 slow images and wait."""
    return Outcome([await send(server.port, batch(24), timeout_s=60)])


async def batch_without_client(server: Server) -> Outcome:
    """Send batches of 24 slow images and disconnect after a second."""
    responses = await concurrently(4, lambda: send(server.port, batch(24), timeout_s=1))
    return Outcome(responses, "clients disconnected after 1 s")


async def deadline_behind_slow_images(server: Server) -> Outcome:
    """Keep the only thread of each worker busy and time ordinary drawings."""
    held = asyncio.ensure_future(concurrently(4, lambda: send(server.port, batch(6))))
    await asyncio.sleep(0.3)
    request = post(PREDICTIONS, PNG, SEVEN)
    responses = await concurrently(20, lambda: send(server.port, request, timeout_s=30))
    held.cancel()
    return Outcome(responses, "responses to the drawings")


async def full_temporary_folder(server: Server) -> Outcome:
    """Fill the file system of the server's temporary files and keep sending requests."""
    before = set(server.workers())
    with open(server.folder / "small" / "filling", "wb", buffering=0) as filling:
        try:
            while filling.write(b"\0" * 4096):
                pass
        except OSError:  # no space left
            pass
    requests = [post(PREDICTIONS, PNG, SEVEN), get("/healthz"), get("/docs"), get("/nowhere")]
    responses = []
    for _ in range(20):
        for request in requests:
            responses.append(await send(server.port, request, timeout_s=2))
            await asyncio.sleep(0.05)
    running = set(server.workers())
    died = len(before - running)
    note = f"{died} of the original {WORKERS} workers died, {len(running)} running afterwards"
    return Outcome(responses, note)


@contextmanager
def small_file_system(folder: Path) -> Iterator[dict[str, str]]:
    """Mount a file system of 16 MiB for the server's temporary files.

    raises   subprocess.CalledProcessError if this user may not mount
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
    """Return an attack that replaces the model file with a forged one and then sends requests."""

    async def run(server: Server) -> Outcome:
        model = server.folder / "model.safetensors"
        forged = model.with_suffix(".new")
        forged.write_bytes(forge(model.read_bytes()))
        os.replace(forged, model)
        await asyncio.sleep(RELOAD_S)
        responses = [await send(server.port, request) for _ in range(20)]
        ready = await send(server.port, get("/readyz"))
        invalid = sum(b"NaN" in response.body for response in responses)
        return Outcome(responses, f"{invalid} responses contain NaN; readiness {ready.status}")

    return run


async def health_beyond_rate_limit(server: Server) -> Outcome:
    """Request health and metrics more often than the rate limit allows other requests."""
    paths = ["/healthz", "/readyz", "/metrics"] * 100
    return Outcome([await send(server.port, get(path)) for path in paths])


async def stopped_worker(server: Server) -> Outcome:
    """Stop one of the workers, send 100 drawings, and check whether the worker is replaced."""
    worker = server.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    request = post(PREDICTIONS, PNG, SEVEN)
    responses = await at_rate(0.05, lambda: send(server.port, request, timeout_s=15), count=100)
    worker_state = "not replaced" if worker in server.processes() else "replaced"
    timed_out = Counter(response.status for response in responses)[NO_RESPONSE]
    return Outcome(responses, f"{timed_out} of 100 timed out after 15 s; worker {worker_state}")


DRAWING = post_json(PREDICT, image_field(SEVEN))
MODELS = get("/api/v1/models")
RATE_LIMIT = {"INKDIGITS_RATE_LIMIT": "100/minute"}
ONE_THREAD = {"INKDIGITS_THREADS": "1", "INKDIGITS_QUEUE_TIMEOUT_S": "1"}

ATTACKS = (
    Attack("2 data URLs with 7 million header parameters", long_data_url_header),
    Attack("each hostile image", each_hostile_image(PREDICT)),
    Attack("each hostile image as a number", each_hostile_image(NUMBERS, pattern=r"\d{5,20}")),
    Attack("10 numbers with 10,000 choices", numbers_with_many_choices),
    Attack("10 explanations of noise", explanations_of_noise),
    Attack("10 progressive JPEGs per second", hostile_images_at_rate),
    Attack("batch of 24 slow images", batch_of_slow_images),
    Attack("4 batches of 24, clients disconnect", batch_without_client),
    Attack("1 s deadline behind 4 batches", deadline_behind_slow_images, ONE_THREAD),
    Attack("40 bodies of 22 MB without the last byte", bodies_without_last_byte),
    Attack("full temporary folder", full_temporary_folder, prepare=small_file_system),
    Attack("2,400 connections: nothing sent", idle_connections(b"")),
    Attack("2,400 connections: half a header", idle_connections(HALF_A_HEADER)),
    Attack("2,400 connections: half a body", idle_connections(HALF_A_BODY)),
    Attack(
        "2,400 connections: response read, kept open",
        idle_connections(COMPLETE, reads_response=True),
    ),
    Attack(
        "2,400 connections from 24 addresses: nothing sent",
        idle_connections(b"", addresses=ADDRESSES),
    ),
    Attack("200 clients that never read", clients_that_never_read),
    Attack("model with extreme weights", swapped_in(extreme_weights, DRAWING), prepare=model_file),
    Attack("model with nested metadata", swapped_in(nested_metadata, MODELS), prepare=model_file),
    Attack(
        "model with a lone surrogate", swapped_in(surrogate_metadata, MODELS), prepare=model_file
    ),
    Attack("health checks beyond the rate limit", health_beyond_rate_limit, RATE_LIMIT),
    Attack("malformed requests", malformed_requests),
    Attack("200 connections, limit of 64 open files", more_connections_than_files, open_files=64),
    Attack("1 of 2 workers stopped", stopped_worker),
)
