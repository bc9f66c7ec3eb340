"""How much fewer errors a model makes once it is adapted to a person's handwriting.

For each writer, 1, 3 and 5 samples of each digit are drawn at random, the model is adapted to them,
and errors are counted on the writer's other digits, before and after. A digit that is rejected is
an error. All data are development data.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adaptation_data import mnist_validation, non_digits, writers_for
from adaptation_methods import METHODS, product
from adaptation_protocol import Bench, others_for
from adaptation_summary import ALL, summarize
from results_store import load_results, save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.model_file import DEFAULT_MODEL

WIDTH = 160  # of the printed tables
SHOWN_WORSE = 8


def show(method: str, figures: dict[str, Any]) -> None:
    """Print the summary by group and number of samples, and the writers with the most errors."""
    table = Table(
        "group", "samples", "errors before", "errors after", "after / before", "worst 5", "worse",
        title=method,
    )  # fmt: skip
    for name, group in figures["summary"].items():
        # All numbers of samples for everyone, the most samples and corrections for each group.
        shown = slice(None) if name == ALL else slice(-3, None)
        for count, after in list(group["after"].items())[shown]:
            table.add_row(
                f"{name} ({group['writers']})",
                f"{count}: {after['samples']:.1f}",
                f"{group['before']:.2%} ({_interval(group['interval'])})",
                f"{after['mean']:.2%} ({_interval(after['interval'])})",
                _ratio(after),
                f"{group['worst']:.2%} to {after['worst']:.2%}",
                str(after["worse"]),
            )
        table.add_section()
    console = Console(width=WIDTH)
    console.print(table)
    _show_writers(console, figures["writers"])
    everyone = next(iter(figures["summary"].values()))
    for key, what in (
        ("others", "others' digits recognized"),
        ("non_digits", "non-digits rejected"),
    ):
        if key in everyone:
            change = everyone[key]
            console.print(
                f"{what}: {figures['start'][key]:.2%} before, {change['mean']:+.3%} on average, "
                f"{change['worst']:+.3%} at worst"
            )
    seconds = everyone["seconds"]
    console.print(
        f"rejected: {everyone['rejected_before']:.2%} before, {everyone['rejected_after']:.2%} "
        f"after; seconds to adapt: {seconds['median']:.2f} (median), {seconds['most']:.2f} (most)"
    )


def _show_writers(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Print the writers with the most errors, and those who have more of them than before."""
    most = max(rows[0]["after"], key=int)
    table = Table("writer", "digits", "before", *rows[0]["after"], "corrections", "others")
    by_error = sorted(rows, key=lambda row: -row["before"])[:5]
    worse = [row for row in rows if row["after"][most] > row["before"] + 1e-9]
    worse.sort(key=lambda row: row["before"] - row["after"][most])
    for part in (by_error, worse[:SHOWN_WORSE]):
        for row in part:
            corrections = row["corrections"]
            table.add_row(
                f"{row['group']}: {row['writer']}",
                str(row["digits"]),
                f"{row['before']:.2%}",
                *(f"{error:.2%}" for error in row["after"].values()),
                f"{corrections['after']:.2%} ({corrections['samples']:.1f})",
                f"{row['others']:+.2%}" if "others" in row else "",
            )
        table.add_section()
    console.print(table)


def _interval(interval: Sequence[float]) -> str:
    low, high = interval
    return f"{low:.2%} to {high:.2%}"


def _ratio(after: dict[str, Any]) -> str:
    if after["ratio"] is None or after["ratio_interval"] is None:
        return ""
    low, high = after["ratio_interval"]
    return f"{after['ratio']:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measure each method on each model; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME_OR_FILE")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument(
        "--repetitions", type=int, default=3, metavar="N", help="draws of samples for each writer"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one repetition, every third writer, no non-digits; nothing is saved",
    )
    parser.add_argument("--group", help="only writers whose group's name contains this")
    parser.add_argument("--no-others", action="store_true", help="leave out the cost to others")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep drawn digits there for the next time"
    )
    parser.add_argument("--no-save", action="store_true", help="only print the figures")
    arguments = parser.parse_args()
    records = load_results("adaptation").get("models", [])
    for name in arguments.model:
        base = Recognizer.load(name)
        writers = writers_for(base, arguments.cache)
        numbered = [
            (number, writer)
            for number, writer in enumerate(writers)
            if arguments.group is None or arguments.group in writer.group
        ][:: 3 if arguments.quick else 1]
        others = None
        if not arguments.no_others:
            drawn = None if arguments.quick else non_digits(base)
            others = others_for(base, mnist_validation(base), drawn)
        # What was measured on another file of this name is dropped.
        same = [record for record in records if record["digest"] == base.digest]
        methods: dict[str, Any] = same[0]["methods"] if same else {}
        records = [record for record in records if record["model"] != base.name]
        records.append({"model": base.name, "digest": base.digest, "methods": methods})
        for method in arguments.method:
            bench = Bench(
                base, METHODS[method], others, 1 if arguments.quick else arguments.repetitions
            )
            rows = [
                bench.measure(writer, number)
                for number, writer in track(numbered, f"{base.name}, {method}", transient=True)
            ]
            figures = {
                "repetitions": bench.repetitions,
                "start": bench.starting_point,
                "summary": summarize(rows),
                "writers": rows,
            }
            show(f"{base.name}, {method}", figures)
            if METHODS[method] is not product:
                del figures["writers"]  # a megabyte that no document shows
            methods[method] = figures
            if not (arguments.no_save or arguments.quick or arguments.group):
                save_results("adaptation", {"models": records})


if __name__ == "__main__":
    main()
