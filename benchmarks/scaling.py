"""Recognize many pictures with one and with two workers: on Ray, and in other ways.

Each contender recognizes the same shards of pictures with the same model, in a process of its own,
which starts, recognizes a few pictures and then many. The difference of the two is the rate; what
remains of the first is the time to start. The contenders take turns, in rounds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interleaved import MIB, Row, quartiles
from load_watch import QUIET_CORES
from results_store import save_results
from scaling_contenders import CONTENDERS, EMPTY
from sharded_pictures import DIFFERENT, link_shards, read_digits, write_shards

HERE = Path(__file__).parent
OURS = "Ray"
ALONE = "in memory"  # what the pictures cost, without reading and writing
ONE_ONLY = (ALONE, "one process")
OTHER_NETWORK = "PyTorch DataLoader + ONNX Runtime"  # it rejects nothing, and never looks twice
TIMEOUT_S = 900


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    few, many     pictures, whose difference gives the rate
    shard         pictures in a shard
    side          of a picture, px
    rounds        how often each contender is measured
    memory        numbers of pictures for which the memory is measured, in shards of 1,000
    parts         numbers of empty parts, whose difference gives the cost of one
    """

    few: int = 2_000
    many: int = 18_000
    shard: int = 250
    side: int = 100
    rounds: int = 3
    memory: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    parts: tuple[int, int] = (500, 5_500)


QUICK = Sizes(few=250, many=750, rounds=1, memory=(1_000, 3_000), parts=(100, 600))


class MeasurementError(Exception):
    """A contender failed, or recognized something else than ours."""


def measured(
    contender: str, workers: int, folders: Iterable[Path], results: Path
) -> list[dict[str, Any]]:
    """Run a contender in a process of its own; return what each folder took.

    raises   MeasurementError if it fails or takes too long
    """
    words = [sys.executable, str(HERE / "scaling_contenders.py"), contender, str(workers)]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            [*words, str(results), *map(str, folders)],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | one_thread,
            timeout=TIMEOUT_S,
        )
    except subprocess.CalledProcessError as error:
        raise MeasurementError(f"{contender} failed:\n{error.stderr[-2000:]}") from None
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"{contender} took longer than {TIMEOUT_S} s") from None
    return [json.loads(line) for line in done.stdout.splitlines()]


# Rates


def rates(sizes: Sizes, only: str | None) -> dict[str, Any]:
    """Measure all contenders with one and two workers, in rounds; return their figures."""
    names = [name for name in CONTENDERS if only is None or only in name or name in (OURS, ALONE)]
    turns = [
        (name, workers)
        for name in names
        for workers in (1, 2)
        if workers == 1 or name not in ONE_ONLY
    ]
    rounds: dict[tuple[str, int], list[Row]] = {turn: [] for turn in turns}
    expected: list[tuple[str, int | None]] = []
    result_bytes = 0.0
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder, "few"), Path(folder, "many")
        write_shards(few, sizes.few, sizes.shard, sizes.side)
        write_shards(many, sizes.many, sizes.shard, sizes.side)
        picture_bytes = _bytes(many) / sizes.many
        for number in range(sizes.rounds):
            for name, workers in turns[:: -1 if number % 2 else 1]:
                with tempfile.TemporaryDirectory() as results:
                    lines = measured(name, workers, (few, many), Path(results))
                    digits = sorted(read_digits(Path(results, "1")))
                    if name == OURS:
                        result_bytes = _bytes(Path(results, "1")) / sizes.many
                expected = expected or digits
                check_same(name, digits, expected)
                row = rate_of(lines[0], lines[1], sizes.many - sizes.few, sizes.few)
                rounds[name, workers].append(row)
                print(f"  {name}, {workers}: {row['rate']:,.0f} pictures/s", flush=True)
    per_picture = {"picture_bytes": picture_bytes, "result_bytes": result_bytes}
    return summary_of(rounds, sizes) | per_picture


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def rate_of(few: Row, many: Row, difference: int, pictures: int) -> Row:
    """Return the figures of one turn.

    few, many   what few and many pictures took
    difference  of their numbers
    pictures    number of the few
    """
    picture_s = (many["wall_s"] - few["wall_s"]) / difference
    if picture_s <= 0:  # other processes took the time: at least it is not a negative one
        picture_s = many["wall_s"] / (pictures + difference)
    return {
        "rate": 1 / picture_s,
        "cpu_s": (many["cpu_s"] - few["cpu_s"]) / difference,
        "start_s": max(0.0, few["start_s"] + few["wall_s"] - pictures * picture_s),
        "others_cores": many["others_cores"],
        **{key: many[key] for key in ("driver_bytes", "worker_bytes", "all_bytes")},
    }


def check_same(
    name: str, digits: list[tuple[str, int | None]], expected: list[tuple[str, int | None]]
) -> None:
    """Compare all digits with those of the first contender.

    raises   MeasurementError if a picture is missing or recognized differently; of a contender with
             another network, one in fifty may be
    """
    allowed = len(expected) // 50 if name == OTHER_NETWORK else 0
    if [key for key, _ in digits] != [key for key, _ in expected]:
        raise MeasurementError(f"{name} has not recognized the same pictures")
    different = sum(one != other for one, other in zip(digits, expected, strict=True))
    if different > allowed:
        raise MeasurementError(f"{name} recognizes {different} of {len(expected)} differently")


def summary_of(rounds: dict[tuple[str, int], list[Row]], sizes: Sizes) -> dict[str, Any]:
    """Summarize the rounds: quartiles of rates, of efficiencies, and of ratios to our rate."""

    def each(name: str, workers: int, key: str) -> list[float]:
        return [row[key] for row in rounds[name, workers]]

    contenders: dict[str, Any] = {}
    for name, workers in rounds:
        of: dict[str, Any] = {
            key: quartiles(each(name, workers, key)) for key in ("rate", "cpu_s", "start_s")
        }
        for key in ("driver", "worker", "all"):
            of[f"{key}_mib"] = max(each(name, workers, f"{key}_bytes")) / MIB
        of["others_cores"] = max(each(name, workers, "others_cores"))
        of["quiet"] = of["others_cores"] <= QUIET_CORES
        if (OURS, workers) in rounds:
            ours = each(OURS, workers, "rate")
            of["ours_over_it"] = quartiles(_ratios(ours, each(name, workers, "rate")))
        contenders.setdefault(name, {})[str(workers)] = of
        if workers == 2:
            pairs = _ratios(each(name, 2, "rate"), each(name, 1, "rate"))
            contenders[name]["efficiency"] = quartiles(ratio / 2 for ratio in pairs)
    alone = each(ALONE, 1, "cpu_s")
    return {
        "pictures": sizes.many - sizes.few,
        "side_px": sizes.side,
        "shard": sizes.shard,
        "rounds": sizes.rounds,
        "contenders": contenders,
        "beyond_recognition": {
            name: quartiles(ratio - 1 for ratio in _ratios(each(name, 1, "cpu_s"), alone))
            for name in contenders
            if name != ALONE
        },
    }


def _ratios(some: list[float], others: list[float]) -> Iterator[float]:
    return (one / other for one, other in zip(some, others, strict=True))


# Memory


def memory(sizes: Sizes) -> list[Row]:
    """Measure the memory of driver and workers against the number of pictures."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        shards = Path(folder, "shards")
        write_shards(shards, min(DIFFERENT, max(sizes.memory)), 1_000, side=28)
        for count in sizes.memory:
            pictures = Path(folder, str(count))
            link_shards(pictures, shards, count // 1_000)
            with tempfile.TemporaryDirectory() as results:
                (line,) = measured(OURS, 2, [pictures], Path(results))
                rows_written = sum(1 for _ in read_digits(Path(results, "0")))
            if rows_written != count:
                raise MeasurementError(f"{rows_written} rows of {count} pictures")
            rows.append({"x": count, "workers": 2} | line)
            print(
                f"  {count:,} pictures: driver {line['driver_bytes'] / MIB:.0f} MiB, "
                f"worker {line['worker_bytes'] / MIB:.0f} MiB, {line['wall_s']:.1f} s",
                flush=True,
            )
    return rows


# Parts


def parts(sizes: Sizes) -> Row:
    """Measure what a part costs beyond its pictures, by parts without any."""
    with tempfile.TemporaryDirectory() as results:
        numbers = [Path(str(number)) for number in sizes.parts]
        few, many = measured(EMPTY, 2, numbers, Path(results))
    difference = sizes.parts[1] - sizes.parts[0]
    row = {
        key: (many[key] - few[key]) / difference for key in ("wall_s", "cpu_s", "driver_cpu_s")
    } | {"others_cores": many["others_cores"]}
    print(f"  a part: {1e3 * row['wall_s']:.2f} ms, driver {1e3 * row['driver_cpu_s']:.2f} ms")
    return row


def main() -> None:
    """Measure all; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = {"rates", "memory", "parts"}
    parser.add_argument("--only", choices=sorted(what), nargs="+", default=sorted(what))
    parser.add_argument("--contender", metavar="TEXT", help="beside ours, only such; nothing saved")
    parser.add_argument("--quick", action="store_true", help="few pictures, and nothing saved")
    arguments = parser.parse_args()
    sizes = QUICK if arguments.quick else Sizes()
    figures: dict[str, Any] = {}
    try:
        for name in arguments.only:
            print(name, flush=True)
            match name:
                case "rates":
                    figures[name] = rates(sizes, arguments.contender)
                case "memory":
                    figures[name] = memory(sizes)
                case "parts":
                    figures[name] = parts(sizes)
    except MeasurementError as error:
        sys.exit(f"{error}")
    if arguments.quick or arguments.contender:
        print(json.dumps(figures, indent=1))
    else:
        save_results("scaling", figures, merge=True)


if __name__ == "__main__":
    main()
