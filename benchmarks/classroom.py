"""Latency of the service for a class: thirty browsers that draw at the same time.

Each browser sends what the page sends, a PNG data URL of 280x280 pixels, over a connection of its
own: every second, or at the page's interval while a stroke is being drawn. It sends the next
drawing when that time has come and the last answer has arrived. Browsers and server share this
machine.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from load_watch import LoadWatch
from PIL import Image
from process_times import process_tree_cpu_s
from results_store import save_results

from inkdigits.imaging.decode import decode

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
BROWSERS = 30
# How often a browser sends the drawing, in seconds: after each digit, and while a stroke is drawn
# (LIVE_INTERVAL_MS of the page).
INTERVALS_S = {"a drawing every second": 1.0, "all draw without a pause": 0.1}
WORKERS = (1, 2)
WARM_UP_S = 2.0
SETTINGS = {"INKDIGITS_LOG_LEVEL": "warning", "INKDIGITS_DRAIN_S": "0"}


class Server(NamedTuple):
    """A running server."""

    pid: int
    port: int


@contextmanager
def serving(workers: int) -> Iterator[Server]:
    """Run the server for the duration of the context."""
    command = [sys.executable, "-c", "from inkdigits.cli import main; main()", "serve"]
    command += ["--port", "0", "--workers", str(workers)]
    environment = os.environ | SETTINGS
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            port = next(filter(None, (re.search(r"^  http://\S+:(\d+)/$", line) for line in lines)))
            yield Server(process.pid, int(port[1]))
        finally:
            process.send_signal(signal.SIGINT)


def requests() -> list[bytes]:
    """Make a request with each golden digit, at the size of the page's canvas."""
    made = []
    for path in sorted(GOLDEN.glob("?.png")):
        file = io.BytesIO()
        digit = Image.fromarray(decode(path.read_bytes())).convert("L")
        digit.resize((280, 280)).save(file, "PNG")
        image = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
        body = json.dumps({"image": image})
        head = (
            "POST /api/v1/predictions?seen=true HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append((head + body).encode())
    return made


async def browse(
    port: int, number: int, interval_s: float, bodies: list[bytes], until: float
) -> list[tuple[float, int, float]]:
    """Send drawings until a time.

    returns  for each, when it was sent, the status of the answer, and the seconds until it arrived
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers: list[tuple[float, int, float]] = []
    # The browsers are not in step.
    due = time.monotonic() + interval_s * number / BROWSERS
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        sent = time.monotonic()
        writer.write(bodies[len(answers) % len(bodies)])
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        await reader.readexactly(int(length[1]))
        now = time.monotonic()
        answers.append((sent, int(head.split()[1]), now - sent))
        due = max(due + interval_s, now)
    writer.close()
    return answers


async def measure(server: Server, interval_s: float, seconds: float) -> dict[str, float]:
    """Let all browsers draw; return what they saw and what it cost."""
    bodies = requests()
    start = time.monotonic() + WARM_UP_S
    browsers = [
        asyncio.create_task(browse(server.port, number, interval_s, bodies, start + seconds))
        for number in range(BROWSERS)
    ]
    await asyncio.sleep(WARM_UP_S)
    cpu_s = process_tree_cpu_s(server.pid)
    everything = [answer for answers in await asyncio.gather(*browsers) for answer in answers]
    cpu_s = process_tree_cpu_s(server.pid) - cpu_s
    answers = [(status, took) for sent, status, took in everything if sent >= start]
    statuses = Counter(status for status, _ in answers)
    ms = sorted(1000 * took for _, took in answers)
    return {
        "requests_per_s": len(answers) / seconds,
        "failed": len(answers) - statuses[200],
        "p50_ms": statistics.median(ms),
        "p95_ms": ms[int(0.95 * len(ms))],
        "max_ms": ms[-1],
        "server_cores": cpu_s / seconds,
    }


def main() -> None:
    """Measure every number of workers and every interval in turn; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    watch = LoadWatch()
    rows: dict[str, list[dict[str, float]]] = {}
    for _ in range(arguments.rounds):
        for workers in WORKERS:
            with serving(workers) as server:
                for name, interval_s in INTERVALS_S.items():
                    row = asyncio.run(measure(server, interval_s, arguments.seconds))
                    rows.setdefault(f"{name}, {workers} workers", []).append(row)
    figures = {
        name: {key: statistics.median(row[key] for row in measured) for key in measured[0]}
        for name, measured in rows.items()
    }
    for name, figure in figures.items():
        print(name, {key: round(value, 2) for key, value in figure.items()})
    save_results("classroom", {"rows": figures, "machine_load": watch.stop()})


if __name__ == "__main__":
    main()
