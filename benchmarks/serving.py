"""Throughput, latency and CPU time of the service against the same built from common parts.

All servers run on this machine with the same network and number of worker processes. `wrk` sends
the same requests to one after the other: a drawn seven of 28x28 or 280x280 as a PNG file. The peer
is plain Flask under Gunicorn, with Pillow and ONNX Runtime (serving_baseline.py). It runs a second
time with our preprocessing, so that it does the same work on each picture.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import argparse
import io
import itertools
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import wrk
from flask.testing import FlaskClient
from hostile_images import png
from interleaved import Row
from load_watch import LoadWatch
from onnx_network import onnx_bytes
from PIL import Image
from results_store import save_results

from inkdigits import Recognizer
from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.imaging.decode import decode
from inkdigits.model_file import DEFAULT_MODEL, load_model, locate
from inkdigits.preprocessing import ink, segmentation

HERE = Path(__file__).parent
SEVEN = HERE.parent / "tests" / "golden" / "7.png"
SIDES = (28, 280)  # px
CONNECTIONS = (16, 64)
WORKERS = (1, 2)
ROUNDS = 3
PREDICTIONS = "/api/v1/predictions"
OURS, BASELINE, WITH_PREPROCESSING = "inkdigits", "Flask, Gunicorn", "with our preprocessing"


def body(side: int) -> bytes:
    """Make the PNG file of a request."""
    file = io.BytesIO()
    with Image.open(SEVEN) as picture:
        picture.convert("RGB").resize((side, side)).save(file, "PNG")
    return file.getvalue()


class Server(NamedTuple):
    """A server to measure: how to start it, and where it accepts images."""

    command: list[str]
    url: str
    environment: dict[str, str]


def servers(workers: int, graph: Path) -> dict[str, Server]:
    """Return the service and the two peers.

    graph   a file to write the network to, for the peers
    """
    model = load_model(locate(DEFAULT_MODEL))
    graph.write_bytes(onnx_bytes(model.network, model.network.unflatten(model.vector)))
    count = ["--workers", str(workers)]
    inkdigits = [sys.executable, "-c", "from inkdigits.cli import main; main()", "serve"]
    settings = {"INKDIGITS_LOG_LEVEL": "warning", "INKDIGITS_DRAIN_S": "0"}
    port = free_port()
    url = f"http://127.0.0.1:{port}{PREDICTIONS}"
    ours = Server([*inkdigits, "--port", str(port), *count], url, settings)

    def gunicorn(**environment: str) -> Server:
        address = f"127.0.0.1:{free_port()}"
        return Server(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--log-level",
                "warning",
                "--bind",
                address,
                *count,
                "serving_baseline:app",
            ],
            f"http://{address}/predict",
            environment | {"BASELINE_MODEL": str(graph)},
        )

    return {
        OURS: ours,
        BASELINE: gunicorn(),
        WITH_PREPROCESSING: gunicorn(BASELINE_PREPROCESSING="ink"),
    }


def free_port() -> int:
    """Find a port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(server: Server) -> Iterator[int]:
    """Run a server for the duration of the context, which begins when it responds.

    yields   the process ID
    """
    with subprocess.Popen(
        server.command, env=os.environ | server.environment, cwd=HERE, stdout=subprocess.DEVNULL
    ) as process:
        try:
            request = urllib.request.Request(server.url, body(28), {"Content-Type": "image/png"})
            for _ in range(600):
                try:
                    urllib.request.urlopen(request).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


def stages(side: int) -> dict[str, float]:
    """Return the CPU time of each stage of a prediction in a worker, in microseconds."""
    recognizer = Recognizer.load()
    file = body(side)
    rgba = decode(file)
    extracted = segmentation.extract_ink(rgba)
    preprocessed = ink.from_ink(extracted)[None]
    client = _test_client()
    calls: dict[str, Callable[[], object]] = {
        "decode": lambda: decode(file),
        "extract ink": lambda: segmentation.extract_ink(rgba),
        "normalize to 28x28": lambda: ink.from_ink(extracted),
        "network": lambda: recognizer.predict_batch(preprocessed),
        "Flask": lambda: client.get("/healthz"),
    }
    return {name: _cpu_us(call) for name, call in calls.items()}


def bomb_us() -> float:
    """Return the CPU time of rejecting 65 bytes that declare 178 megapixels, in microseconds."""
    file = png(1, 178_000_000, 1, 0, False, zlib.compress(b""))
    client = _test_client()

    def is_rejected() -> None:
        response = client.post(PREDICTIONS, data=file, content_type="image/png")
        assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    return _cpu_us(is_rejected)


def _test_client() -> FlaskClient:
    return create_app(ModelRegistry([DEFAULT_MODEL]), Settings()).test_client()


def _cpu_us(call: Callable[[], object]) -> float:
    """Return the CPU time of a call: the minimum over rounds, because noise only adds to it."""
    call()
    rounds = []
    for _ in range(10):
        start = time.process_time()
        for _ in range(30):
            call()
        rounds.append((time.process_time() - start) / 30)
    return 1e6 * min(rounds)


def measure(workers: int, rounds: int, seconds: int) -> list[Row]:
    """Measure all servers with every kind of request, in turns."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as all_running:
        compared = servers(workers, Path(folder, "network.onnx"))
        pids = {
            name: all_running.enter_context(running(server)) for name, server in compared.items()
        }
        for name, server in compared.items():
            wrk.send(server.url, pids[name], body(SIDES[0]), CONNECTIONS[0], 1)  # warm-up
        for side, connections in itertools.product(SIDES, CONNECTIONS):
            watch = LoadWatch()
            measured: dict[str, list[dict[str, float]]] = {name: [] for name in compared}
            for _ in range(rounds):
                for name, server in compared.items():
                    one = wrk.send(server.url, pids[name], body(side), connections, seconds)
                    measured[name].append(one)
            work = f"service, PNG of {side}x{side}, {connections} connections"
            rows.append({"work": work, "threads": workers} | wrk.summarize(measured) | watch.stop())
            print(_described(rows[-1]), flush=True)
    return rows


def _described(row: Row) -> str:
    lines = [f"{row['work']}, workers: {row['threads']}"]
    for name, figures in row["measured"].items():
        medians = [figures[figure][1] for figure in ("rate", "p50_ms", "p99_ms", "cpu_us")]
        line = "  {:24} {:5.0f}/s, p50 {:.1f} ms, p99 {:.1f} ms, CPU {:.0f} us".format(
            name, *medians
        )
        line += f", errors {figures['errors']:.0f}"
        if name in row["rate_ratios"]:
            line += f"; ratio of rates {row['rate_ratios'][name][1]:.2f}"
        lines.append(line)
    if not row["quiet"]:
        lines.append(f"  DISTURBED: other processes used {row['others_cores']:.2f} cores")
    return "\n".join(lines)


def main() -> None:
    """Measure all servers with every kind of request; print and save the rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="per measurement")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS, help="per server")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for workers in arguments.workers:
        rows += measure(workers, arguments.rounds, arguments.seconds)
    cpu_us = {f"{side}x{side}": stages(side) for side in SIDES}
    for size, times in cpu_us.items():
        print(f"{size}: " + ", ".join(f"{name} {us:.0f} us" for name, us in times.items()))
    bomb = bomb_us()
    print(f"178 megapixels in 65 bytes: rejected in {bomb:.0f} us")
    figures = {
        "rows": rows,
        "stage_cpu_us": cpu_us,
        "decompression_bomb_rejection_cpu_us": bomb,
    }
    save_results("serving", figures)


if __name__ == "__main__":
    main()
