"""Requests a second of the service, against the same network behind Flask, Gunicorn, ONNX Runtime.

All run as many worker processes on this machine, and `wrk` sends them, in turns, the same requests:
a drawn seven of 28x28 or 280x280, as JSON or as the PNG file, over 1, 16 and 64 connections. What
is compared with is in serving_peer.py; and to see what our server costs or brings, our application
runs in two other servers as well.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import argparse
import base64
import io
import json
import re
import socket
import struct
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

from measured import keep
from onnx_network import onnx_bytes
from PIL import Image

from inkdigits import Recognizer
from inkdigits.api import Settings, Shelf, create_app
from inkdigits.imaging import png
from inkdigits.imaging.decode import decode
from inkdigits.model_file import DEFAULT_MODEL, load_model, locate
from inkdigits.preprocessing import ink
from inkdigits.recipes import RECIPES

HERE = Path(__file__).parent
SEVEN = HERE.parent / "tests" / "golden" / "7.png"
SIDES = (28, 280)  # px
BODIES = ("JSON", "PNG")
CONNECTIONS = (1, 16, 64)
PREDICTIONS = "/api/v1/predictions"
OTHERS = ("Granian's WSGI mode", "Gunicorn")  # which could run our application, too
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
    """A server to be measured: how it is started, and where it takes drawings."""

    command: list[str]
    url: str
    environment: dict[str, str]


def servers(workers: int, graph: Path) -> dict[str, Server]:
    """List ours, the peer, and OTHERS that run our application.

    graph   a file to write the network to, for the peer
    """
    model = load_model(locate(DEFAULT_MODEL))
    network = RECIPES[model.recipe].network.inference_network
    graph.write_bytes(onnx_bytes(network, network.unflatten(model.vector)))
    count = ["--workers", str(workers)]
    inkdigits = [sys.executable, "-c", "from inkdigits.cli import main; main()", "serve"]
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    gunicorn = [sys.executable, "-m", "gunicorn"]
    ports = [str(free_port()) for _ in range(4)]
    ours, peer, *others = (f"http://127.0.0.1:{port}" for port in ports)
    settings = {"INKDIGITS_LOG_LEVEL": "warning", "INKDIGITS_DRAIN_S": "0"}
    return {
        "inkdigits": Server(
            [*inkdigits, "--port", ports[0], *count], f"{ours}{PREDICTIONS}", settings
        ),
        "peer": Server(
            [*gunicorn, "--bind", f"127.0.0.1:{ports[1]}", *count, "serving_peer:app"],
            f"{peer}/predict",
            {"PEER_MODEL": str(graph)},
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
    """Find a port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[None]:
    """Run a server until it is no more needed; go on when it answers."""
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
    """Send requests as fast as they are answered; requests a second, latencies in ms, errors."""
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


def _each(figure: str, by_server: dict[str, dict[str, float]]) -> str:
    return ", ".join(f"{measured[figure]:.0f}" for measured in by_server.values())


def stages(side: int) -> dict[str, float]:
    """Where one answer's time goes in a worker: processor time of each part, in microseconds."""
    recognizer = Recognizer.load()
    _, file = body(side, "PNG")
    rgba = decode(file)
    strength = ink.extract_ink(rgba)
    seen = ink.from_ink(strength)[None]
    client = create_app(Shelf([DEFAULT_MODEL]), Settings()).test_client()
    client_s = _processor_us(lambda: client.get("/healthz"))
    parts = {
        "decode": lambda: decode(file),
        "ink from sheet": lambda: ink.extract_ink(rgba),
        "fit": lambda: ink.from_ink(strength),
        "network": lambda: recognizer.probabilities(seen),
    }
    return {name: _processor_us(part) for name, part in parts.items()} | {"Flask": client_s}


def bomb_us() -> float:
    """The processor time of refusing 70 bytes that declare 178 megapixels, in microseconds."""
    header = struct.pack(">IIBBBBB", 1, 178_000_000, 1, 0, 0, 0, 0)
    file = png.write({b"IHDR": header, b"IDAT": zlib.compress(b""), b"IEND": b""})
    client = create_app(Shelf([DEFAULT_MODEL]), Settings()).test_client()

    def refused() -> None:
        answer = client.post(PREDICTIONS, data=file, content_type="image/png")
        assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    return _processor_us(refused)


def _processor_us(call: Callable[[], object]) -> float:
    """The processor time of a call, the least of several rounds: other work only adds to it."""
    call()
    rounds = []
    for _ in range(10):
        since = time.process_time()
        for _ in range(30):
            call()
        rounds.append((time.process_time() - since) / 30)
    return 1e6 * min(rounds)


def main() -> None:
    """Load all servers with every kind of request, and print and keep the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of each server")
    arguments = parser.parse_args()
    cases = [(s, b, c) for s in SIDES for b in BODIES for c in CONNECTIONS]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as all_running:
        compared = servers(arguments.workers, Path(folder, "network.onnx"))
        for server in compared.values():
            all_running.enter_context(running(server.command, server.url, **server.environment))
            load(server.url, *cases[0], 1)  # so that each is warm
        # In turns: what slows the machine down for a while slows all of them.
        measured = [
            {name: load(server.url, *case, arguments.seconds) for name, server in compared.items()}
            for case in cases
        ]
    rows: list[dict[str, Any]] = []
    print(f"side  body  connections  requests/s: {', '.join(compared)}; ratio; p99; errors")
    for (side, kind, connections), by_server in zip(cases, measured, strict=True):
        ours, peer, *others = by_server.values()
        print(
            f"{side:4}  {kind:4}  {connections:11}  {_each('rate', by_server)}; "
            f"{ours['rate'] / peer['rate']:.2f}; {_each('p99_ms', by_server)} ms; "
            f"{_each('errors', by_server)}"
        )
        rows.append(
            {
                "side_px": side,
                "body": kind,
                "connections": connections,
                "ratio": ours["rate"] / peer["rate"],
                "ours": ours,
                "peer": peer,
                "our application in other servers": dict(zip(OTHERS, others, strict=True)),
            }
        )
    parts = {f"{side}x{side}": stages(side) for side in SIDES}
    for size, times in parts.items():
        print(f"{size}: " + ", ".join(f"{name} {us:.0f} us" for name, us in times.items()))
    bomb = bomb_us()
    print(f"178 megapixels in 70 bytes: refused in {bomb:.0f} us")
    figures = {
        "workers": arguments.workers,
        "seconds": arguments.seconds,
        "cases": rows,
        "processor time of the stages, us": parts,
        "processor time of the refusal of 178 megapixels in 70 bytes, us": bomb,
    }
    keep("serving", figures)


if __name__ == "__main__":
    main()
