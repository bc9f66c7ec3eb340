"""Throughput of the service against a baseline of Flask, Gunicorn and ONNX Runtime.

All servers run on this machine with the same network and number of worker processes. `wrk` sends
the same requests to one after the other: a drawn seven of 28x28 or 280x280, as JSON or as a PNG
file, over 1, 16 and 64 connections. The baseline is in serving_baseline.py. To isolate the effect
of the server, the service's application also runs under two other servers.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import argparse
import base64
import io
import json
import re
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
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from hostile_images import png
from onnx_network import onnx_bytes
from PIL import Image
from results_store import save_results

from inkdigits import Recognizer
from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.imaging.decode import decode
from inkdigits.model_file import DEFAULT_MODEL, load_model, locate
from inkdigits.preprocessing import ink

HERE = Path(__file__).parent
SEVEN = HERE.parent / "tests" / "golden" / "7.png"
SIDES = (28, 280)  # px
BODIES = ("JSON", "PNG")
CONNECTIONS = (1, 16, 64)
PREDICTIONS = "/api/v1/predictions"
OTHERS = ("Granian, WSGI", "Gunicorn")  # other servers for the service's application
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "{content_type}"
local file = io.open("{path}", "rb")
wrk.body = file:read("*a")
file:close()
"""


def body(side: int, kind: str) -> tuple[str, bytes]:
    """Make the body of a request, and its media type."""
    file = io.BytesIO()
    with Image.open(SEVEN) as picture:
        picture.convert("RGB").resize((side, side)).save(file, "PNG")
    if kind == "PNG":
        return "image/png", file.getvalue()
    image = base64.b64encode(file.getvalue()).decode()
    return "application/json", json.dumps({"image": image}).encode()


class Server(NamedTuple):
    """A server to measure: how to start it, and where it accepts images."""

    command: list[str]
    url: str
    environment: dict[str, str]


def servers(workers: int, graph: Path) -> dict[str, Server]:
    """Return the service, the baseline, and OTHERS with the service's application.

    graph   a file to write the network to, for the baseline
    """
    model = load_model(locate(DEFAULT_MODEL))
    graph.write_bytes(onnx_bytes(model.network, model.network.unflatten(model.vector)))
    count = ["--workers", str(workers)]
    inkdigits = [sys.executable, "-c", "from inkdigits.cli import main; main()", "serve"]
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    gunicorn = [sys.executable, "-m", "gunicorn"]
    ports = [str(free_port()) for _ in range(4)]
    service, baseline, *others = (f"http://127.0.0.1:{port}" for port in ports)
    settings = {"INKDIGITS_LOG_LEVEL": "warning", "INKDIGITS_DRAIN_S": "0"}
    return {
        "inkdigits": Server(
            [*inkdigits, "--port", ports[0], *count], f"{service}{PREDICTIONS}", settings
        ),
        "baseline": Server(
            [*gunicorn, "--bind", f"127.0.0.1:{ports[1]}", *count, "serving_baseline:app"],
            f"{baseline}/predict",
            {"BASELINE_MODEL": str(graph)},
        ),
        OTHERS[0]: Server(
            [*granian, "--port", ports[2], *count, "serving_app:app"],
            f"{others[0]}{PREDICTIONS}",
            settings,
        ),
        OTHERS[1]: Server(
            [*gunicorn, "--bind", f"127.0.0.1:{ports[3]}", *count, "serving_app:app"],
            f"{others[1]}{PREDICTIONS}",
            settings,
        ),
    }


def free_port() -> int:
    """Find a port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[None]:
    """Run a server for the duration of the context, which begins when it responds."""
    with subprocess.Popen(
        command, env=os.environ | environment, cwd=HERE, stdout=subprocess.DEVNULL
    ) as process:
        try:
            content_type, data = body(28, "PNG")
            request = urllib.request.Request(url, data, {"Content-Type": content_type})
            for _ in range(600):
                try:
                    urllib.request.urlopen(request).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()


def load(url: str, side: int, kind: str, connections: int, seconds: int) -> dict[str, float]:
    """Send requests as fast as the server responds; return the rate per second and latencies."""
    content_type, data = body(side, kind)
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder, "body"), Path(folder, "post.lua")
        path.write_bytes(data)
        script.write_text(SCRIPT.format(content_type=content_type, path=path))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        printed = subprocess.check_output([*command, "-s", str(script), url], text=True)
    rate = float(re.search(r"Requests/sec: +([0-9.]+)", printed)[1])  # type: ignore[index]
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", printed)))
    errors += sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", printed)))
    return {"rate": rate, "p50_ms": _ms(printed, 50), "p99_ms": _ms(printed, 99), "errors": errors}


def _ms(printed: str, percent: int) -> float:
    number, unit = re.search(rf"{percent}% +([0-9.]+)(us|ms|s)", printed).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _join(figure: str, by_server: dict[str, dict[str, float]]) -> str:
    return ", ".join(f"{measured[figure]:.0f}" for measured in by_server.values())


def stages(side: int) -> dict[str, float]:
    """Return the CPU time of each stage of a prediction in a worker, in microseconds."""
    recognizer = Recognizer.load()
    _, file = body(side, "PNG")
    rgba = decode(file)
    extracted = ink.extract_ink(rgba)
    preprocessed = ink.from_ink(extracted)[None]
    client = _test_client()
    calls: dict[str, Callable[[], object]] = {
        "decode": lambda: decode(file),
        "extract ink": lambda: ink.extract_ink(rgba),
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


def main() -> None:
    """Measure all servers with every kind of request; print and save the rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="per measurement")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="per server")
    arguments = parser.parse_args()
    cases = [(s, b, c) for s in SIDES for b in BODIES for c in CONNECTIONS]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as all_running:
        compared = servers(arguments.workers, Path(folder, "network.onnx"))
        for server in compared.values():
            all_running.enter_context(running(server.command, server.url, **server.environment))
            load(server.url, *cases[0], 1)  # warm-up
        # Servers take turns, so that a temporarily slow machine slows all of them.
        measured = [
            {name: load(server.url, *case, arguments.seconds) for name, server in compared.items()}
            for case in cases
        ]
    rows: list[dict[str, Any]] = []
    print(f"side  body  connections  requests/s: {', '.join(compared)}; ratio; p99; errors")
    for (side, kind, connections), by_server in zip(cases, measured, strict=True):
        service, baseline, *others = by_server.values()
        print(
            f"{side:4}  {kind:4}  {connections:11}  {_join('rate', by_server)}; "
            f"{service['rate'] / baseline['rate']:.2f}; {_join('p99_ms', by_server)} ms; "
            f"{_join('errors', by_server)}"
        )
        rows.append(
            {
                "side_px": side,
                "body": kind,
                "connections": connections,
                "ratio": service["rate"] / baseline["rate"],
                "inkdigits": service,
                "baseline": baseline,
                "inkdigits_on_other_servers": dict(zip(OTHERS, others, strict=True)),
            }
        )
    cpu_us = {f"{side}x{side}": stages(side) for side in SIDES}
    for size, times in cpu_us.items():
        print(f"{size}: " + ", ".join(f"{name} {us:.0f} us" for name, us in times.items()))
    bomb = bomb_us()
    print(f"178 megapixels in 65 bytes: rejected in {bomb:.0f} us")
    figures = {
        "workers": arguments.workers,
        "seconds": arguments.seconds,
        "cases": rows,
        "stage_cpu_us": cpu_us,
        "decompression_bomb_rejection_cpu_us": bomb,
    }
    save_results("serving", figures)


if __name__ == "__main__":
    main()
