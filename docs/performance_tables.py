"""Generate the tables of performance.md from the benchmark results; cog runs this."""

from collections.abc import Iterable, Sequence
from typing import Any

from interleaved import si
from readme_tables import load_figures, table

BENCHMARKS = ("inference", "training", "augmentation", "training_images", "recognition", "serving")
SEVERAL_CORES = 1.2  # processor time over time that shows that more than one core was busy
DISTURBED = " †"  # marks a row during which other processes were busy


def times(*benchmarks: str) -> str:
    """Return a table with a line for each peer of each row of the benchmarks."""
    header = ["work", "threads", "inkdigits", "compared with", "its time", "inkdigits / it"]
    lines = []
    for row in _rows(benchmarks):
        (_, ours), *others = row["measured"].items()
        start = [row["work"], str(row["threads"]), _time(ours)]
        for name, figures in others:
            ratio = quartiles(row["ratios"][name]) + _mark(row)
            lines.append([*start, name, _time(figures), ratio])
        if not others:
            lines.append([*start, "", "", _mark(row).strip()])
    return table(header, lines)


def cpu_times(*benchmarks: str) -> str:
    """Return a table of the processor time of each contender, and of its ratio to that before."""
    header = ["work", "", "time", "processor time", "processor time / that before"]
    lines = []
    for row in _rows(benchmarks):
        before = row["measured"]["before"]["cpu_s"][1]
        for name, of in row["measured"].items():
            wall, cpu = of["wall_s"][1], of["cpu_s"][1]
            lines.append([row["work"], name, si(wall) + _mark(row), si(cpu), f"{cpu / before:.2f}"])
    return table(header, lines)


def memory(*benchmarks: str) -> str:
    """Return a table of the peak memory beyond the data, where it was measured."""
    lines = []
    for row in _rows(benchmarks):
        peaks = {name: of["peak_mib"] for name, of in row["measured"].items() if "peak_mib" in of}
        if peaks:
            described = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in peaks.items())
            lines.append(
                [row["work"].removesuffix(", per picture"), str(row["threads"]), described]
            )
    return table(["work", "threads", "peak memory beyond the data"], lines)


def rates() -> str:
    """Return a table of the files per second of each contender that recognizes a folder."""
    lines = []
    for row in _rows(["recognition"]):
        if row["work"].startswith("folder"):
            rates = [f"{name} {1 / of['wall_s'][1]:,.0f}" for name, of in row["measured"].items()]
            lines.append([row["work"].removesuffix(", per file"), ", ".join(rates) + _mark(row)])
    return table(["folder", "files per second"], lines)


def service() -> str:
    """Return the table of the service against its peers."""
    header = [
        "request",
        "workers",
        "server",
        "requests/s",
        "inkdigits / it",
        "p50",
        "p99",
        "CPU time",
    ]
    lines = []
    for row in _rows(["serving"]):
        for name, of in row["measured"].items():
            ratio = row["rate_ratios"].get(name)
            lines.append(
                [
                    row["work"].removeprefix("service, "),
                    str(row["threads"]),
                    name,
                    f"{of['rate'][1]:,.0f}",
                    quartiles(ratio) + _mark(row) if ratio else "",
                    f"{of['p50_ms'][1]:.0f} ms",
                    f"{of['p99_ms'][1]:.0f} ms",
                    f"{of['cpu_us'][1]:,.0f} us",
                ]
            )
    return table(header, lines)


def stages() -> str:
    """Return the table of the processor time of each stage of a request."""
    by_size = load_figures("serving")["stage_cpu_us"]
    stages = next(iter(by_size.values()))
    return table(
        ["stage, CPU time in us", *by_size],
        ([stage, *(f"{of_size[stage]:.0f}" for of_size in by_size.values())] for stage in stages),
    )


def limits() -> str:
    """Return the table that compares the step and the forward pass with matrix products alone."""
    by_threads = load_figures("physical_limit")
    lines: list[list[str]] = []

    def line(name: str, values: Iterable[str]) -> None:
        lines.append([name, *values])

    figures = list(by_threads.values())
    speeds = [1e9 * of["large_product_gflops"] for of in figures]
    line("a large matrix product", (f"{speed / 1e9:.0f} GFLOP/s" for speed in speeds))
    for name, key, whole in (
        ("training step of 128 pictures", "step", "step_s"),
        ("forward pass of one picture", "pass", "pass_s"),
    ):
        count = figures[0][key]["flop"]
        line(
            f"{name}, {_flop(count)}, at that speed",
            (si(count / speed) for speed in speeds),
        )
        if key == "step":
            line("its matrix products alone", (si(of[key]["products_s"]) for of in figures))
        line(
            f"the {key} itself",
            (f"{si(of[key][whole])}, {count / of[key][whole] / 1e9:.0f} GFLOP/s" for of in figures),
        )
    return table(["", *(f"threads: {threads}" for threads in by_threads)], lines)


def layers(threads: str = "1") -> str:
    """Return the table of the time of each layer of a step and of a forward pass."""
    of_threads = load_figures("physical_limit")[threads]
    step, one = of_threads["step"]["layers"], iter(of_threads["pass"]["layers"])
    lines = []
    for layer in step:
        # Batch normalization is folded into the layer before it for inference.
        alone = None if layer["layer"] == "BatchNorm" else next(one)
        lines.append(
            [
                layer["layer"],
                si(layer.get("forward_s", 0.0)),
                si(layer.get("backward_s", 0.0)),
                si(alone["forward_s"]) if alone else "",
            ]
        )
    rest = of_threads["step"]["step_s"] - sum(
        layer.get("forward_s", 0.0) + layer.get("backward_s", 0.0) for layer in step
    )
    lines.append(["loss, optimizer, moving average", si(max(rest, 0.0)), "", ""])
    return table(["layer", "forward, 128 pictures", "backward", "forward, one picture"], lines)


def quiet() -> str:
    """Return a sentence on what else ran during the measurements."""
    rows = _rows(BENCHMARKS)
    disturbed = [row for row in rows if not row["quiet"]]
    busiest = max((row["others_cores"] for row in rows if row["quiet"]), default=0.0)
    sentence = f"Other processes used at most {busiest:.2f} cores during a row"
    if not disturbed:
        return f"{sentence}.\n"
    return f"{sentence}, except the {len(disturbed)} of {len(rows)} rows that are marked with †.\n"


def quartiles(values: Sequence[float]) -> str:
    """Format a median with its quartiles: 1.23 (1.20 to 1.25)."""
    low, median, high = values
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def _rows(benchmarks: Iterable[str]) -> list[dict[str, Any]]:
    return [row for name in benchmarks for row in load_figures(name)["rows"]]


def _time(figures: dict[str, Any]) -> str:
    """Format the median time, and the processor time if it shows that several cores were busy."""
    wall_s, cpu_s = figures["wall_s"][1], figures["cpu_s"][1]
    return si(wall_s) + (f" (CPU {si(cpu_s)})" if cpu_s > SEVERAL_CORES * wall_s else "")


def _mark(row: dict[str, Any]) -> str:
    return "" if row["quiet"] else DISTURBED


def _flop(count: int) -> str:
    return f"{count / 1e9:.2f} GFLOP" if count > 1e9 else f"{count / 1e6:.1f} MFLOP"
