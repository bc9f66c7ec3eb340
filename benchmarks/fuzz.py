"""Fuzz the service with requests that its OpenAPI document allows or forbids.

Schemathesis generates valid and invalid requests. Those with a body are sent again several times,
with the body damaged. Violations are a 5xx status, and a response that is not JSON where JSON is
promised. At the end, no worker may have been restarted, and the workers' memory must not have
grown.
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
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import one_of
from image_strategies import register
from results_store import save_results
from rich.progress import Progress, TimeElapsedColumn
from schemathesis import GenerationMode

ROUND = 50  # requests to one operation before the next one's turn
VARIANTS = 9  # damaged copies of each request with a body
WARM_UP = 0.1  # share of the requests during which the workers' memory may still grow
NOT_JSON = {"/docs", "/docs/{file}", "/metrics"}


def workers(server: int) -> dict[int, int]:
    """Return the memory of each of the server's worker processes, in bytes by process ID."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    found = {}
    for child in children:
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            pages = int(Path(f"/proc/{child}/statm").read_text().split()[1])
            found[int(child)] = pages * os.sysconf("SC_PAGE_SIZE")
    return found


def start(workers: int) -> tuple[subprocess.Popen[str], str]:
    """Start the server; return its process and its address."""
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
    """Send the requests, print and save the figures, and fail if there was a violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    register()
    process, address = start(arguments.workers)
    statuses: Counter[int] = Counter()
    violations: list[str] = []
    try:
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
        sizes: list[dict[int, int]] = []
        started = time.perf_counter()
        with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:
            task = progress.add_task("Sending requests", total=arguments.requests)
            number = arguments.seed
            while (sent := sum(statuses.values())) < arguments.requests:
                for operation in operations:
                    send(operation, number, statuses, violations)
                if sent >= WARM_UP * arguments.requests:
                    sizes.append(workers(process.pid))
                progress.update(task, completed=sent)
                number += 1
        seconds = time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
    restarted = len({pid for size in sizes for pid in size}) - arguments.workers
    memory = [sum(size.values()) / 2**20 for size in sizes]
    first, halfway, last = memory[0], memory[len(memory) // 2], memory[-1]
    figures = {
        "requests": sum(statuses.values()),
        "seconds": seconds,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "violations": len(violations),
        "restarted_workers": restarted,
        "workers_mib": {"after_warm_up": first, "halfway": halfway, "at_the_end": last},
    }
    for name, figure in figures.items():
        print(f"{name:20} {figure}")
    for line in violations[:20]:
        print(line)
    save_results("fuzz", figures)
    sys.exit(bool(violations or restarted or last > 1.1 * first + 5))


def send(operation: Any, number: int, statuses: Counter[int], violations: list[str]) -> None:
    """Send one round of requests for one operation, valid and invalid ones."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    rng = random.Random(number)

    def check(response: requests.Response) -> None:
        status = response.status_code
        statuses[status] += 1
        media_type = response.headers.get("Content-Type", "")
        if status >= 500 or not ("json" in media_type or operation.path in NOT_JSON):
            request = f"{response.request.method} {response.url[:200]}"
            violations.append(f"{status} {media_type}: {request}")

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def generate_and_send(case: Any) -> None:
        request = session.prepare_request(requests.Request(**case.as_transport_kwargs()))
        check(session.send(request, timeout=60))
        if isinstance(request.body, bytes) and request.body:
            for _ in range(VARIANTS):
                check(session.send(damaged(request, rng), timeout=60))

    with requests.Session() as session:
        generate_and_send()


def damaged(request: requests.PreparedRequest, rng: random.Random) -> requests.PreparedRequest:
    """Damage a request's body: change a byte, or delete, duplicate or move a range of bytes."""
    variant = request.copy()
    body = bytearray(request.body)  # type: ignore[arg-type]
    first, last = sorted(rng.choices(range(len(body) + 1), k=2))
    match rng.choice(["change", "delete", "duplicate", "move"]):
        case "change":
            body[rng.randrange(len(body))] = rng.randrange(256)
        case "delete":
            del body[first:last]
        case "duplicate":
            body[first:first] = body[first:last]
        case "move":
            moved = body[first:last]
            del body[first:last]
            body += moved
    variant.headers.pop("Content-Length", None)  # it would not be updated for an empty body
    variant.prepare_body(bytes(body), None)
    return variant


if __name__ == "__main__":
    main()
