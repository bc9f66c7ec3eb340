"""Generate the tables of scale.md from the benchmark results; cog runs this."""

from typing import Any

from interleaved import MIB, si
from performance_tables import DISTURBED, quartiles
from readme_tables import load_figures, table


def rates() -> str:
    """Return the table of the rates with one and two workers, and of the efficiency."""
    lines = []
    for name, of in load_figures("scaling")["rates"]["contenders"].items():
        one, two = of["1"], of.get("2")
        lines.append(
            [
                name,
                f"{one['rate'][1]:,.0f}{_mark(one)}",
                f"{two['rate'][1]:,.0f}{_mark(two)}" if two else "",
                quartiles(of["efficiency"]) if two else "",
                quartiles(two["ours_over_it"]) if two and name != "Ray" else "",
                si((two or one)["start_s"][1]),
                f"{(two or one)['all_mib']:,.0f} MiB",
            ]
        )
    header = ["", "1 worker: pictures/s", "2 workers", "efficiency", "Ray / it", "start", "memory"]
    return table(header, lines)


def beyond_recognition() -> str:
    """Return the table of what a picture costs beyond its recognition, with one worker."""
    measured = load_figures("scaling")["rates"]
    median_s = {name: of["1"]["cpu_s"][1] for name, of in measured["contenders"].items()}
    lines = [
        [
            name,
            si(median_s[name]),
            _percent(beyond),
            "" if name == _ONE else f"{100 * (median_s[name] / median_s[_ONE] - 1):.1f}%",
        ]
        for name, beyond in measured["beyond_recognition"].items()
    ]
    header = ["", "CPU time of a picture", "beyond its recognition", "beyond one process"]
    return table(header, [["in memory", si(median_s["in memory"]), "", ""], *lines])


_ONE = "one process"  # reads and writes files as Ray's workers do


def memory() -> str:
    """Return the table of the memory against the number of pictures."""
    return table(
        ["pictures", "driver", "largest worker", "all processes", "pictures/s"],
        (
            [
                f"{row['x']:,}",
                *(f"{row[key] / MIB:,.0f} MiB" for key in _MEMORY),
                f"{row['x'] / row['wall_s']:,.0f}",
            ]
            for row in load_figures("scaling")["memory"]
        ),
    )


_MEMORY = ("driver_bytes", "worker_bytes", "all_bytes")


def costs() -> str:
    """Return the table of the measured costs that the plan is made of."""
    plan = load_figures("scale_plan")
    of = plan["costs"]
    return table(
        ["measured here", ""],
        [
            ["a picture, on a worker", si(of["picture_s"])],
            ["a part beyond its pictures, on a worker", si(of["part_s"])],
            ["a part, on the driver", si(of["driver_s"])],
            ["the start", si(of["start_s"])],
            ["a picture's file", f"{plan['picture_bytes']:,.0f} bytes"],
            ["a picture's row in the results", f"{plan['result_bytes']:,.0f} bytes"],
        ],
    )


def check() -> str:
    """Return the table that compares the simulation with what was measured here."""
    lines = []
    for row in load_figures("scale_plan")["check"]:
        error = row["simulated"] / row["measured"] - 1
        rates = [f"{row[key]:,.0f}" for key in ("simulated", "measured")]
        lines.append([str(row["workers"]), *rates, f"{error:+.0%}"])
    return table(["workers", "simulated pictures/s", "measured", "difference"], lines)


def loads() -> str:
    """Return the plan on paper: how long each resource alone would be busy."""
    scenarios = load_figures("scale_plan")["scenarios"]
    shown = [scenarios[0], scenarios[1], scenarios[-1]]
    return table(
        ["busy alone for", *(row["name"].removeprefix("the plan: ") for row in shown)],
        (
            [resource, *(_bold(row, resource) for row in shown)]
            for resource in scenarios[0]["loads"]
        ),
    )


def scenarios() -> str:
    """Return the table of the simulated runs."""
    lines = [
        [
            row["name"],
            _duration(row["seconds"]),
            f"{row['efficiency']:.0%}",
            f"{row['driver_busy']:.0%}",
            str(row["lost_nodes"]),
            f"{row['repeated']:,}",
            f"${row['machines_usd']:,.0f} + ${row['requests_usd']:,.0f}",
            row["bound"],
        ]
        for row in load_figures("scale_plan")["scenarios"]
    ]
    header = ["", "time", "efficiency", "driver busy", "nodes lost", "parts repeated"]
    return table([*header, "machines + requests", "bound by"], lines)


def growth() -> str:
    """Return the table of the simulated efficiency against the number of nodes."""
    rows = load_figures("scale_plan")["growth"]
    return table(
        ["pictures in a part", *(f"{nodes:,} nodes" for nodes in rows[0]["nodes"]), "workers"],
        (
            [
                f"{row['part_size']:,}",
                *(f"{efficiency:.0%}" for efficiency in row["efficiency"]),
                f"{row['most_workers']:,.0f}",
            ]
            for row in rows
        ),
    )


def quiet() -> str:
    """Return a sentence on what else ran while the rates were measured."""
    contenders = load_figures("scaling")["rates"]["contenders"]
    rows = [of[workers] for of in contenders.values() for workers in ("1", "2") if workers in of]
    busiest = max(row["others_cores"] for row in rows)
    disturbed = sum(not row["quiet"] for row in rows)
    marked = f", and {disturbed} of {len(rows)} figures are marked with †" if disturbed else ""
    return f"Other processes used at most {busiest:.2f} cores meanwhile{marked}.\n"


def _bold(row: dict[str, Any], resource: str) -> str:
    text = _duration(row["loads"][resource])
    return f"**{text}**" if resource == row["bound"] else text


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    return f"{seconds / 60:,.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:,.1f} h"


def _percent(of: list[float]) -> str:
    low, median, high = (f"{100 * value:.1f}" for value in of)
    return f"{median}% ({low}% to {high}%)"


def _mark(row: dict[str, Any]) -> str:
    return "" if row["quiet"] else DISTURBED
