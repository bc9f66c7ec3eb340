"""Attacks a server of its own in every way that is known, and prints what others felt meanwhile.

For each attack: the worst time of an attacking request, the memory of the server's processes, what
remains of both 5 s later, and how two well-behaved clients were served, one that sends a drawing
every 100 ms and one that asks for the service's health. Times vary with whatever else the machine
does; memory does not.

    python benchmarks/attack.py --as before --checkout ../inkdigits-before
    python benchmarks/attack.py --as after
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

from attacked_server import NotStarted, Server, allow_open_files, serving
from attacks import ATTACKS, Attack, pictures
from measured import commit, keep, recalled
from overload import measure_overload, overload_table
from raw_requests import (
    PNG,
    PREDICTIONS,
    SEVEN,
    WELL_BEHAVED,
    Answer,
    Outcome,
    ask,
    at_rate,
    get,
    post,
)
from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).parent.parent
SAMPLE_S = 0.05
EVERY_S = 0.1  # of a well-behaved client
OTHERS_PATIENCE_S = 15.0
AFTER_S = 5.0
WARM_UP = 20
OPEN_FILES = 8192
MIB = 2**20
CLIENTS = {"drawings": post(PREDICTIONS, PNG, SEVEN), "health": get("/healthz")}

Figures = dict[str, Any]


def run(title: str, server: Server) -> Outcome:
    """Make the attack of a title, in a process of its own."""
    attack = next(attack for attack in ATTACKS if attack.title == title)
    return asyncio.run(attack.run(server))


async def observe(attack: Attack, server: Server, attackers: ProcessPoolExecutor) -> Figures:
    """Make an attack, and measure what it does to the server and to others.

    attackers   the process that attacks: what it does must not delay what is measured here
    """
    loop = asyncio.get_running_loop()
    for _ in range(WARM_UP):
        await ask(server.port, CLIENTS["drawings"], source=WELL_BEHAVED)
    idle = server.memory_bytes()
    sizes: list[int] = []
    sampling = asyncio.create_task(_sample(server, sizes))
    over = asyncio.Event()
    others = [
        asyncio.create_task(at_rate(EVERY_S, partial(_ask_well, server, request), until=over))
        for request in CLIENTS.values()
    ]
    since = time.perf_counter()
    outcome = await loop.run_in_executor(attackers, run, attack.title, server)
    seconds = time.perf_counter() - since
    over.set()
    processor_s = server.processor_s()
    await asyncio.sleep(AFTER_S)
    busy_s = server.processor_s() - processor_s
    sampling.cancel()
    felt = await asyncio.gather(*others)
    return {
        "seconds": seconds,
        "worst request, s": max((answer.seconds for answer in outcome.answers), default=0.0),
        "answers": dict(Counter(answer.status for answer in outcome.answers).most_common()),
        "note": outcome.note,
        "MiB when idle": idle / MIB,
        "MiB more at worst": (max(sizes) - idle) / MIB,
        "MiB more 5 s after": (sizes[-1] - idle) / MIB,
        "processor s in the 5 s after": busy_s,
        "others": {name: served(answers) for name, answers in zip(CLIENTS, felt, strict=True)},
    }


async def _sample(server: Server, sizes: list[int]) -> None:
    while True:
        sizes.append(server.memory_bytes())
        await asyncio.sleep(SAMPLE_S)


async def _ask_well(server: Server, request: bytes) -> Answer:
    return await ask(server.port, request, OTHERS_PATIENCE_S, WELL_BEHAVED)


def served(answers: Sequence[Answer]) -> Figures:
    """Sum up how a client was served: how often, and how fast, failures included."""
    seconds = [answer.seconds for answer in answers]
    return {
        "sent": len(answers),
        "answered 200": sum(answer.status == "200" for answer in answers),
        "median_ms": 1000 * statistics.median(seconds or [0.0]),
        "worst_ms": 1000 * max(seconds, default=0.0),
    }


def measure(attack: Attack, checkout: Path, attackers: ProcessPoolExecutor) -> Figures:
    """Make an attack on a server of its own."""
    settings = dict(attack.settings)
    try:
        with serving(checkout, settings, attack.prepare, attack.open_files) as server:
            return asyncio.run(observe(attack, server, attackers))
    except NotStarted as error:
        return {"left out": str(error)}
    except subprocess.CalledProcessError as error:
        return {"left out": f"{error.cmd[0]} failed: {error.stderr.decode().strip()}"}


def attack_table(runs: dict[str, Figures]) -> Table:
    """Lay out what runs measured, attack by attack, so that they stand below each other.

    runs   by name, each with its attacks by title under "attacks"
    """
    table = Table(title="Attacks, and what others felt", show_lines=True)
    for heading in ("attack", "run", "worst request", "memory at worst", "5 s after", "busy then"):
        table.add_column(heading, justify="left" if heading in ("attack", "run") else "right")
    for heading in (*(f"others: {client}" for client in CLIENTS), "what the attackers got"):
        table.add_column(heading)
    for title in dict.fromkeys(title for run in runs.values() for title in run["attacks"]):
        for name, figures in ((name, run["attacks"].get(title)) for name, run in runs.items()):
            if figures:
                table.add_row(title, name, *cells(figures))
    return table


def cells(figures: Figures) -> list[str]:
    """Write the figures of one attack as the cells of a row."""
    if "left out" in figures:
        return ["", "", "", "", "", "", f"left out: {figures['left out']}"]
    others = (
        f"{felt['answered 200']} of {felt['sent']} answered; "
        f"median {felt['median_ms']:.0f}, worst {felt['worst_ms']:,.0f} ms"
        for felt in (figures["others"][client] for client in CLIENTS)
    )
    answers = ", ".join(f"{count}x {status}" for status, count in figures["answers"].items())
    return [
        f"{figures['worst request, s']:.2f} s",
        f"{figures['MiB more at worst']:+,.0f} MiB",
        f"{figures['MiB more 5 s after']:+,.0f} MiB",
        f"{figures['processor s in the 5 s after']:.1f} s",
        *others,
        f"{answers}. {figures['note']}" if figures["note"] else answers,
    ]


def main() -> None:
    """Make the attacks, print what they did, and keep the figures beside those of other runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as", dest="name", default="after", help="the name of this run")
    parser.add_argument("--checkout", type=Path, default=CHECKOUT, help="whose server is attacked")
    parser.add_argument("--only", default="", help="part of the titles; nothing is then kept")
    arguments = parser.parse_args()
    allow_open_files(OPEN_FILES)
    checkout = arguments.checkout.resolve()
    chosen = [attack for attack in ATTACKS if arguments.only in attack.title]
    console = Console(width=max(160, Console().width))
    context = multiprocessing.get_context("spawn")
    load = os.getloadavg()[0]
    attacks = {}
    with ProcessPoolExecutor(1, context) as attackers:
        attackers.submit(pictures).result()  # so that they are not made during an attack
        for attack in chosen:
            console.print(f"{attack.title} ...")
            attacks[attack.title] = measure(attack, checkout, attackers)
    overloaded = arguments.only in "overload"
    run: Figures = {
        "commit": commit(checkout),
        "load of the machine before": load,
        "attacks": attacks,
        "overload": measure_overload(checkout) if overloaded else [],
    }
    runs = {arguments.name: run} if arguments.only else recalled("attack") | {arguments.name: run}
    console.print(attack_table(runs))
    if overloaded:
        console.print(overload_table(runs))
    if not arguments.only:
        keep("attack", runs)


if __name__ == "__main__":
    main()
