"""Send requests with `wrk`, and summarize what it prints."""

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from interleaved import quartiles
from process_times import process_tree_cpu_s

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "{content_type}"
local file = io.open("{path}", "rb")
wrk.body = file:read("*a")
file:close()
"""
FIGURES = ("rate", "p50_ms", "p99_ms", "cpu_us")
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

Load: TypeAlias = dict[str, float]


def send(url: str, pid: int, png: bytes, connections: int, seconds: int) -> Load:
    """Send the same picture as fast as the server responds.

    pid      of the server's main process
    returns  rate, per second; p50_ms and p99_ms; cpu_us, of the server per request; errors
    """
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder, "body"), Path(folder, "post.lua")
        path.write_bytes(png)
        script.write_text(SCRIPT.format(content_type="image/png", path=path))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        cpu_s = process_tree_cpu_s(pid)
        printed = subprocess.check_output([*command, "-s", str(script), url], text=True)
        cpu_s = process_tree_cpu_s(pid) - cpu_s
    return parse(printed, cpu_s)


def parse(printed: str, cpu_s: float) -> Load:
    """Parse what wrk has printed; see `send`."""
    rate = float(re.search(r"Requests/sec: +([0-9.]+)", printed)[1])  # type: ignore[index]
    requests = int(re.search(r"(\d+) requests in", printed)[1])  # type: ignore[index]
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", printed)))
    errors += sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", printed)))
    return {
        "rate": rate,
        "p50_ms": _ms(printed, 50),
        "p99_ms": _ms(printed, 99),
        "cpu_us": 1e6 * cpu_s / requests,
        "errors": errors,
    }


def _ms(printed: str, percent: int) -> float:
    number, unit = re.search(rf"{percent}% +([0-9.]+)(us|ms|s)", printed).groups()  # type: ignore[union-attr]
    return float(number) * MILLISECONDS[unit]


def summarize(rounds: Mapping[str, Sequence[Load]]) -> dict[str, Any]:
    """Return quartiles over the rounds, and of the first server's rate over each other one's.

    rounds   for each server; the first one is ours
    """
    (_, ours), *others = rounds.items()
    return {
        "rounds": len(ours),
        "measured": {
            name: {figure: quartiles(one[figure] for one in measured) for figure in FIGURES}
            | {"errors": sum(one["errors"] for one in measured)}
            for name, measured in rounds.items()
        },
        "rate_ratios": {
            name: quartiles(
                one["rate"] / other["rate"] for one, other in zip(ours, measured, strict=True)
            )
            for name, measured in others
        },
    }
