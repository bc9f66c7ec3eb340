"""Sends the service what its own OpenAPI document allows, and what it does not, for a long time.

Schemathesis draws requests, good ones and bad ones, and each is sent again with damage done to its
body. Counted is what must never be: a status of 5xx, and an answer that is no JSON where JSON is
promised. Afterwards the workers are the same as before, and hold no more memory.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
import schemathesis
from drawn_requests import register
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import one_of
from measured import keep
from rich.progress import Progress, TimeElapsedColumn
from schemathesis import GenerationMode

ROUND = 50  # requests drawn for one operation, before the next operation's turn
VARIANTS = 9  # of each, damaged
WARM_UP = 0.1  # of the requests: until then the workers may still grow
NOT_JSON = {"/docs", "/docs/{file}", "/metrics"}


def workers(server: int) -> dict[int, int]:
    """The server's worker processes, and the bytes of memory that each holds."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    found = {}
    for child in children:
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            pages = int(Path(f"/proc/{child}/statm").read_text().split()[1])
            found[int(child)] = pages * os.sysconf("SC_PAGE_SIZE")
    return found


def start(workers: int) -> tuple[subprocess.Popen[str], str]:
    """Start the server; give its process and its address."""
    command = [sys.executable, "-c", "from inkdigits.cli import main; main()", "serve"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--workers", str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"INKDIGITS_LOG_LEVEL": "error"},
    )
    assert process.stdout
    for line in process.stdout:
        if found := re.fullmatch(r"  (http://\S+)/\n", line):
            return process, found[1]
    raise SystemExit("The server did not start.")


def main() -> None:
    """Send the requests, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    register()
    process, address = start(arguments.workers)
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    try:
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
        sizes: list[dict[int, int]] = []
        since = time.perf_counter()
        with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:
            task = progress.add_task("Sending requests", total=arguments.requests)
            number = arguments.seed
            while (sent := sum(statuses.values())) < arguments.requests:
                for operation in operations:
                    send(operation, number, statuses, wrong)
                if sent >= WARM_UP * arguments.requests:
                    sizes.append(workers(process.pid))
                progress.update(task, completed=sent)
                number += 1
        seconds = time.perf_counter() - since
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
    restarted = len({pid for size in sizes for pid in size}) - arguments.workers
    held = [sum(size.values()) / 2**20 for size in sizes]
    first, half, last = held[0], held[len(held) // 2], held[-1]
    figures = {
        "requests": sum(statuses.values()),
        "seconds": seconds,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "wrong": len(wrong),
        "restarted workers": restarted,
        "MiB of the workers after the warm-up": first,
        "MiB of the workers half-way from there": half,
        "MiB of the workers at the end": last,
    }
    for name, figure in figures.items():
        print(f"{name:40} {figure}")
    for line in wrong[:20]:
        print(line)
    keep("fuzz", figures)
    sys.exit(bool(wrong or restarted or last > 1.1 * first + 5))


def send(operation: Any, number: int, statuses: Counter[int], wrong: list[str]) -> None:
    """Send the requests of one round for one operation, good ones and bad ones."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    rng = random.Random(number)

    def note(answer: requests.Response) -> None:
        statuses[answer.status_code] += 1
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code >= 500 or not ("json" in kind or operation.path in NOT_JSON):
            wrong.append(f"{answer.status_code} {kind}: {answer.request.method} {answer.url[:200]}")

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def draw_and_send(case: Any) -> None:
        drawn = session.prepare_request(requests.Request(**case.as_transport_kwargs()))
        note(session.send(drawn, timeout=60))
        if isinstance(drawn.body, bytes) and drawn.body:
            for _ in range(VARIANTS):
                note(session.send(damaged(drawn, rng), timeout=60))

    with requests.Session() as session:
        draw_and_send()


def damaged(request: requests.PreparedRequest, rng: random.Random) -> requests.PreparedRequest:
    """Change a request's body: a byte, or a stretch that is lost, doubled or moved."""
    variant = request.copy()
    body = bytearray(request.body)  # type: ignore[arg-type]
    first, last = sorted(rng.choices(range(len(body) + 1), k=2))
    match rng.choice(["byte", "lost", "doubled", "moved"]):
        case "byte":
            body[rng.randrange(len(body))] = rng.randrange(256)
        case "lost":
            del body[first:last]
        case "doubled":
            body[first:first] = body[first:last]
        case "moved":
            stretch = body[first:last]
            del body[first:last]
            body += stretch
    variant.headers.pop("Content-Length", None)  # which would stay as it is for an empty body
    variant.prepare_body(bytes(body), None)
    return variant


if __name__ == "__main__":
    main()
