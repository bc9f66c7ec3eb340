"""Attack a server in every known way and report how other clients are affected.

Reported for each attack: the slowest of its requests; the peak memory of the server's processes;
their memory 5 s after the attack, and their CPU time in these 5 s; and how two well-behaved clients
are served. One sends a drawing every 100 ms, the other a health check. Times depend on what else
the machine is doing; memory does not.

    python benchmarks/run_attacks.py --as before --checkout ../inkdigits-before
    python benchmarks/run_attacks.py --as after
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from attacks import ATTACKS, Attack, images
from overload import measure_overload, overload_table
from raw_requests import (
    PNG,
    PREDICTIONS,
    SEVEN,
    WELL_BEHAVED,
    Outcome,
    Response,
    at_rate,
    get,
    post,
    send,
)
from results_store import commit, load_results, save_results
from rich.console import Console
from rich.table import Table
from server_under_test import Server, StartError, allow_open_files, serving

CHECKOUT = Path(__file__).parent.parent
SAMPLE_S = 0.05
INTERVAL_S = 0.1  # between the requests of a well-behaved client
CLIENT_TIMEOUT_S = 15.0
AFTER_S = 5.0
WARM_UP = 20
OPEN_FILES = 8192
MIB = 2**20
CLIENTS = {"drawings": post(PREDICTIONS, PNG, SEVEN), "health": get("/healthz")}

Figures = dict[str, Any]


def run(title: str, server: Server) -> Outcome:
    """Run the attack with this title; called in a separate process."""
    attack = next(attack for attack in ATTACKS if attack.title == title)
    return asyncio.run(attack.run(server))


async def observe(attack: Attack, server: Server, attackers: ProcessPoolExecutor) -> Figures:
    """Run an attack and measure its effect on the server and on other clients.

    attackers   the process that attacks, so that the attack does not delay the measurements here
    """
    loop = asyncio.get_running_loop()
    for _ in range(WARM_UP):
        await send(server.port, CLIENTS["drawings"], source=WELL_BEHAVED)
    idle = server.memory_bytes()
    sizes: list[int] = []
    sampling = asyncio.create_task(_sample(server, sizes))
    done = asyncio.Event()
    clients = [
        asyncio.create_task(
            at_rate(INTERVAL_S, partial(_send_well_behaved, server, request), until=done)
        )
        for request in CLIENTS.values()
    ]
    start = time.perf_counter()
    outcome = await loop.run_in_executor(attackers, run, attack.title, server)
    seconds = time.perf_counter() - start
    done.set()
    cpu_s = server.cpu_s()
    await asyncio.sleep(AFTER_S)
    cpu_s = server.cpu_s() - cpu_s
    sampling.cancel()
    by_client = await asyncio.gather(*clients)
    slowest_s = max((response.seconds for response in outcome.responses), default=0.0)
    statuses = Counter(response.status for response in outcome.responses)
    return {
        "seconds": seconds,
        "slowest_request_s": slowest_s,
        "responses": dict(statuses.most_common()),
        "note": outcome.note,
        "idle_mib": idle / MIB,
        "peak_increase_mib": (max(sizes) - idle) / MIB,
        "increase_5_s_after_mib": (sizes[-1] - idle) / MIB,
        "cpu_s_in_the_5_s_after": cpu_s,
        "clients": {
            name: summary(responses) for name, responses in zip(CLIENTS, by_client, strict=True)
        },
    }


async def _sample(server: Server, sizes: list[int]) -> None:
    while True:
        sizes.append(server.memory_bytes())
        await asyncio.sleep(SAMPLE_S)


async def _send_well_behaved(server: Server, request: bytes) -> Response:
    return await send(server.port, request, CLIENT_TIMEOUT_S, WELL_BEHAVED)


def summary(responses: Sequence[Response]) -> Figures:
    """Summarize how a client was served: how often and how fast, including failures."""
    seconds = [response.seconds for response in responses]
    return {
        "sent": len(responses),
        "status_200": sum(response.status == "200" for response in responses),
        "median_ms": 1000 * statistics.median(seconds or [0.0]),
        "max_ms": 1000 * max(seconds, default=0.0),
    }


def measure(attack: Attack, checkout: Path, attackers: ProcessPoolExecutor) -> Figures:
    """Run an attack on a new server."""
    settings = dict(attack.settings)
    try:
        with serving(checkout, settings, attack.prepare, attack.open_files) as server:
            return asyncio.run(observe(attack, server, attackers))
    except StartError as error:
        return {"skipped": str(error)}
    except subprocess.CalledProcessError as error:
        return {"skipped": f"{error.cmd[0]} failed: {error.stderr.decode().strip()}"}


def attack_table(runs: dict[str, Figures]) -> Table:
    """Make a table of all runs, grouped by attack.

    runs   by name, each with its attacks by title under "attacks"
    """
    table = Table(title="Attacks and their effect on other clients", show_lines=True)
    for heading in ("attack", "run", "slowest request", "peak memory", "5 s later", "CPU in 5 s"):
        table.add_column(heading, justify="left" if heading in ("attack", "run") else "right")
    for heading in (*(f"other client: {client}" for client in CLIENTS), "attackers' responses"):
        table.add_column(heading)
    for title in dict.fromkeys(title for run in runs.values() for title in run["attacks"]):
        for name, figures in ((name, run["attacks"].get(title)) for name, run in runs.items()):
            if figures:
                table.add_row(title, name, *cells(figures))
    return table


def cells(figures: Figures) -> list[str]:
    """Format the figures of one attack as the cells of a row."""
    if "skipped" in figures:
        return ["", "", "", "", "", "", f"skipped: {figures['skipped']}"]
    clients = (
        f"{client['status_200']} of {client['sent']} answered; "
        f"median {client['median_ms']:.0f}, max {client['max_ms']:,.0f} ms"
        for client in (figures["clients"][name] for name in CLIENTS)
    )
    responses = ", ".join(f"{count}x {status}" for status, count in figures["responses"].items())
    return [
        f"{figures['slowest_request_s']:.2f} s",
        f"{figures['peak_increase_mib']:+,.0f} MiB",
        f"{figures['increase_5_s_after_mib']:+,.0f} MiB",
        f"{figures['cpu_s_in_the_5_s_after']:.1f} s",
        *clients,
        f"{responses}. {figures['note']}" if figures["note"] else responses,
    ]


def main() -> None:
    """Run the attacks, print the tables, and save the figures along with those of other runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as", dest="name", default="after", help="the name of this run")
    parser.add_argument(
        "--checkout", type=Path, default=CHECKOUT, help="checkout whose server is attacked"
    )
    parser.add_argument(
        "--only", default="", help="run only attacks with this in the title, unsaved"
    )
    arguments = parser.parse_args()
    allow_open_files(OPEN_FILES)
    checkout = arguments.checkout.resolve()
    selected = [attack for attack in ATTACKS if arguments.only in attack.title]
    console = Console(width=max(160, Console().width))
    context = multiprocessing.get_context("spawn")
    load = os.getloadavg()[0]
    attacks = {}
    with ProcessPoolExecutor(1, context) as attackers:
        attackers.submit(images).result()  # made now, not during an attack
        for attack in selected:
            console.print(f"{attack.title} ...")
            attacks[attack.title] = measure(attack, checkout, attackers)
    measures_overload = arguments.only in "overload"
    run: Figures = {
        "commit": commit(checkout),
        "load_average_before": load,
        "attacks": attacks,
        "overload": measure_overload(checkout) if measures_overload else [],
    }
    earlier = {} if arguments.only else load_results("attacks")
    runs = earlier | {arguments.name: run}
    console.print(attack_table(runs))
    if measures_overload:
        console.print(overload_table(runs))
    if not arguments.only:
        save_results("attacks", runs)


if __name__ == "__main__":
    main()
