"""Generate the table of faults of scale.md from the benchmark results; cog runs this."""

from collections.abc import Mapping, Sequence
from typing import Any

from readme_tables import load_figures, table

SAME = "the same bytes"


def faults() -> str:
    """Return a table with a line for each fault that was tried; empty before the first time."""
    figures = load_figures("scale_faults")
    lines = [
        [*LINES[part](of), f"{of['run_s']:.0f} s" if "run_s" in of else ""]
        for part, of in figures.items()
        if part in LINES and "skipped" not in of
    ]
    return table(["what happened", "the results", "took"], lines)


def _outcome(differs: Sequence[str]) -> str:
    return f"{len(differs)} files differ" if differs else SAME


def _workers(of: Mapping[str, Any]) -> list[str]:
    kills = of["kills"]
    first, last = (pick(run["at_s"][0] for run in kills) for pick in (min, max))
    differs = [name for run in kills for name in run["differs"]]
    slowest = max(run["run_s"] for run in kills)
    return [
        f"a worker killed, in {len(kills)} runs: {first:.1f} to {last:.1f} s after their start",
        f"{_outcome(differs)}, in {slowest:.0f} s at most instead of {of['run_without_s']:.0f} s",
    ]


def _moments(of: Mapping[str, Any]) -> list[str]:
    names = "before a picture, while a file was written, and right after"
    return [f"workers killed in one run {names}", _outcome(of["differs"])]


def _picture(of: Mapping[str, Any]) -> list[str]:
    return ["a picture that kills every worker", _row(of)]


def _memory(of: Mapping[str, Any]) -> list[str]:
    return ["a picture that takes memory until the kernel kills the worker", _row(of)]


def _row(of: Mapping[str, Any]) -> str:
    (error,) = of["errors"]
    return f'after {of["deaths"]} deaths, a row: "{error}"'


def _disk(of: Mapping[str, Any]) -> list[str]:
    half = f", {len(of['half_written'])} files half written" if of["half_written"] else ""
    return [
        f"a disk that was full {len(of['ends'])} times, continued with some more room",
        f'"{of["ends"][0]}" each time{half}; {_outcome(of["differs"])} at the end',
    ]


def _node(of: Mapping[str, Any]) -> list[str]:
    return ["one of two machines lost", _outcome(of["differs"])]


def _driver(of: Mapping[str, Any]) -> list[str]:
    return [
        f"the command killed {len(of['parts_at_kills'])} times, and run again",
        f"{_outcome(of['differs'])} as a run that was not",
    ]


def _head(of: Mapping[str, Any]) -> list[str]:
    end = "it went on" if of["status"] == 0 else f"it ended with status {of['status']}"
    again = of["status_when_continued"]
    later = "complete when run again" if again == 0 else f"status {again} when run again"
    return ["the head of the cluster killed (`gcs_server`)", f"{end}; {later}"]


LINES = {
    "workers": _workers,
    "moments": _moments,
    "node": _node,
    "driver": _driver,
    "head": _head,
    "disk": _disk,
    "picture": _picture,
    "memory": _memory,
}
