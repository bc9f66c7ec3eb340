"""Plan the recognition of 10^9 pictures on 100 nodes, and check the plan by a simulation.

The costs of pictures and parts are those that scaling.py has measured; what a cluster and an object
storage are assumed to be is in `Assumptions`. The simulation is first checked against the rates
that were measured here with one and two workers.
"""

import argparse
import json
import math
import sys
from dataclasses import asdict, dataclass, replace
from typing import Any

from cluster_simulation import Costs, Outcome, Run, Storage, simulate
from results_store import load_results, save_results

from inkdigits.scale.file_parts import REQUESTS
from inkdigits.scale.shard_parts import BUFFER_BYTES
from inkdigits.scale.sources import PART_SIZE

PICTURES = 1_000_000_000
SHARD = 10_000  # pictures, of the plan
KEYS_PER_LIST = 1_000  # of a request to an object storage
LOOKS = 2  # requests for a part beyond reading it: whether it is done, and how large its shard is
GETS_PER_FILE = 2  # how large a picture's own file is, and its content
# Sizes of parts and numbers of nodes whose efficiency is simulated, with this many parts a worker.
PART_SIZES = (250, 1_000, 10_000)
NODES = (10, 30, 100, 300, 1_000)
PARTS_PER_WORKER = 20


@dataclass(frozen=True)
class Assumptions:
    """What was not measured: the cluster, and an object storage with the limits of Amazon S3.

    source   https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html, and
             Ray's release/benchmarks/README.md for nodes and actors; prices are rounded list prices
    """

    nodes: int = 100
    workers_per_node: int = 16
    node_bytes_per_s: float = 1.25e9  # 10 Gbit/s
    gets_per_s: float = 5_500  # for one prefix
    puts_per_s: float = 3_500
    latency_s: float = 0.1  # median until the first byte, of small objects
    latency_spread: float = 0.5  # of its logarithm
    list_s: float = 0.1
    slow_nodes: float = 0.05
    node_lifetime_s: float = 2 * 3600.0  # of nodes that may be taken away at any time
    replacement_s: float = 300.0
    core_hour_usd: float = 0.05
    get_usd: float = 0.4e-6
    put_usd: float = 5e-6  # also of a request that lists
    ray_nodes: int = 250  # that Ray's own tests reach, "250+"
    ray_actors: int = 10_000

    def storage(self) -> Storage:
        """Return the storage for the simulation."""
        return Storage(
            self.gets_per_s, self.puts_per_s, self.latency_s, self.latency_spread, self.list_s
        )


def measured_costs(scaling: dict[str, Any]) -> tuple[Costs, float, float]:
    """Return the costs, and the bytes of a picture and of its results, from scaling.json."""
    contenders, part = scaling["rates"]["contenders"], scaling["parts"]
    costs = Costs(
        picture_s=contenders["one process"]["1"]["cpu_s"][1],
        part_s=part["cpu_s"] - part["driver_cpu_s"],
        driver_s=part["driver_cpu_s"],
        start_s=contenders["Ray"]["2"]["start_s"][1],
    )
    rates = scaling["rates"]
    return costs, rates["picture_bytes"], rates["result_bytes"]


def check(scaling: dict[str, Any], costs: Costs) -> list[dict[str, float]]:
    """Compare the simulated rates of one and two workers with those that were measured."""
    rows = []
    for workers in (1, 2):
        run = Run(scaling["rates"]["pictures"], scaling["rates"]["shard"], 1, workers)
        outcome = simulate(run, replace(costs, start_s=0.0))
        simulated = run.pictures / outcome.seconds
        measured = scaling["rates"]["contenders"]["Ray"][str(workers)]["rate"][1]
        rows.append({"workers": workers, "simulated": simulated, "measured": measured})
    return rows


def base_run(assumed: Assumptions, pictures: int, picture_bytes: float) -> Run:
    """Return the plan: tar shards of SHARD pictures, which the driver lists but does not read."""
    run = Run(
        pictures=pictures,
        part_size=SHARD,
        nodes=assumed.nodes,
        workers_per_node=assumed.workers_per_node,
        storage=assumed.storage(),
        picture_bytes=picture_bytes,
        node_bytes_per_s=assumed.node_bytes_per_s,
    )
    return with_shards(run, SHARD)


def with_shards(run: Run, part_size: int) -> Run:
    """Return the same run with shards of another number of pictures."""
    gets = math.ceil(part_size * run.picture_bytes / BUFFER_BYTES)
    return replace(run, part_size=part_size, gets_per_part=max(1, gets) + LOOKS)


def scenarios(assumed: Assumptions, base: Run) -> dict[str, Run]:
    """Return the runs to simulate: the plan, and one that differs in one respect each."""
    files = replace(
        base,
        part_size=PART_SIZE,
        gets_per_part=GETS_PER_FILE * PART_SIZE + 1,
        gets_at_once=REQUESTS,
        keys_per_part=PART_SIZE,
    )
    return {
        f"the plan: shards of {SHARD:,} pictures": base,
        "shards of 1,000 pictures": with_shards(base, 1_000),
        f"{assumed.slow_nodes:.0%} of the nodes take twice as long": replace(
            base, slow_nodes=assumed.slow_nodes
        ),
        f"a node lasts {assumed.node_lifetime_s / 3600:.0f} h on average": replace(
            base, node_lifetime_s=assumed.node_lifetime_s, replacement_s=assumed.replacement_s
        ),
        "one object a picture": files,
    }


def loads(run: Run, costs: Costs) -> dict[str, float]:
    """Return the time for which each resource alone would be busy: the longest one is the bound."""
    storage, gets = run.storage, run.parts * run.gets_per_part
    waits = gets / run.gets_at_once + run.parts
    lists = run.parts * run.keys_per_part / KEYS_PER_LIST
    network_s = run.pictures * run.picture_bytes / (run.nodes * run.node_bytes_per_s)
    return {
        "workers, recognizing": (run.pictures * costs.picture_s + run.parts * costs.part_s)
        / run.workers,
        "workers, waiting for the storage": waits * storage.latency_s / run.workers,
        "driver": run.parts * costs.driver_s,
        "driver, listing": lists * storage.list_s,
        "requests that read": gets / storage.gets_per_s,
        "requests that write": run.parts / storage.puts_per_s,
        "network of a node": network_s,
    }


def usd(run: Run, outcome: Outcome, assumed: Assumptions) -> dict[str, float]:
    """Return what a run costs: machines and requests."""
    gets = (run.parts + outcome.repeated) * run.gets_per_part
    lists = run.parts * run.keys_per_part / KEYS_PER_LIST
    return {
        "machines_usd": outcome.seconds / 3600 * run.workers * assumed.core_hour_usd,
        "requests_usd": gets * assumed.get_usd + (run.parts + lists) * assumed.put_usd,
    }


def growth(
    costs: Costs, assumed: Assumptions, picture_bytes: float, nodes: tuple[int, ...]
) -> list[dict[str, Any]]:
    """Simulate the efficiency against the number of nodes, for each size of parts.

    The requests are not limited here: more prefixes allow more of them.
    """
    rows: list[dict[str, Any]] = []
    storage = replace(assumed.storage(), gets_per_s=math.inf, puts_per_s=math.inf)
    for part_size in PART_SIZES:
        row: dict[str, Any] = {"part_size": part_size, "nodes": list(nodes), "efficiency": []}
        for number in nodes:
            workers = number * assumed.workers_per_node
            pictures = PARTS_PER_WORKER * part_size * workers
            run = with_shards(base_run(assumed, pictures, picture_bytes), part_size)
            run = replace(run, nodes=number, storage=storage)
            outcome = simulate(run, replace(costs, start_s=0.0))
            row["efficiency"].append(outcome.efficiency)
        # From here on, the driver sends parts more slowly than the workers do them.
        row["most_workers"] = (part_size * costs.picture_s + costs.part_s) / costs.driver_s
        rows.append(row)
        print(f"  parts of {part_size:,}: up to {row['most_workers']:,.0f} workers", flush=True)
    return rows


def planned(scaling: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Return the plan, its simulations and the check of the simulation."""
    assumed = Assumptions()
    costs, picture_bytes, result_bytes = measured_costs(scaling)
    base = base_run(assumed, PICTURES // (1_000 if quick else 1), picture_bytes)
    rows = []
    for name, run in scenarios(assumed, base).items():
        outcome, alone = simulate(run, costs), loads(run, costs)
        bound = max(alone, key=lambda resource: alone[resource])
        rows.append(
            {"name": name, "bound": bound, "loads": alone}
            | asdict(outcome)
            | usd(run, outcome, assumed)
        )
        print(
            f"  {name}: {outcome.seconds / 60:,.1f} min, efficiency {outcome.efficiency:.0%}, "
            f"bound by {bound}",
            flush=True,
        )
    return {
        "pictures": base.pictures,
        "shard": SHARD,
        "costs": asdict(costs),
        "assumptions": asdict(assumed),
        "picture_bytes": picture_bytes,
        "result_bytes": result_bytes,
        "check": check(scaling, costs),
        "scenarios": rows,
        "growth": growth(costs, assumed, picture_bytes, NODES[:2] if quick else NODES),
    }


def main() -> None:
    """Plan and simulate; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a thousandth of the pictures, and nothing saved"
    )
    arguments = parser.parse_args()
    scaling = load_results("scaling")
    if not {"rates", "parts"} <= scaling.keys():
        sys.exit("The costs have not been measured yet: run benchmarks/scaling.py first.")
    figures = planned(scaling, arguments.quick)
    if arguments.quick:
        print(json.dumps(figures, indent=1))
    else:
        save_results("scale_plan", figures)


if __name__ == "__main__":
    main()
