"""From how many pictures on several processes, or Ray, pay: the time of whole commands.

Each command recognizes a folder of drawings of 280x280 pixels and writes a table, from its start to
its end: in one process, in two, and with two workers on a Ray cluster that it starts on this
machine. A straight line through the times gives each a start and a cost per picture, and the number
of pictures from which one is faster than another.
"""

import argparse
import io
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from load_watch import LoadWatch
from PIL import Image
from results_store import save_results

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
SIDE = 280  # px
NUMBERS = (10, 100, 1000, 5000)
QUICK_NUMBERS = (10, 200)
ONE, TWO, RAY = "one process", "two processes", "two workers on Ray"
OPTIONS = {
    ONE: ["--workers", "1", "--csv", "{folder}/results.csv"],
    TWO: ["--workers", "2", "--csv", "{folder}/results.csv"],
    RAY: ["--on", "ray", "--workers", "2", "-o", "{folder}/results"],
}


def write_pictures(folder: Path, number: int) -> None:
    """Write drawings of digits as PNG files."""
    files = []
    for path in sorted(GOLDEN.glob("?.png")):
        with Image.open(path) as picture:
            file = io.BytesIO()
            picture.convert("L").resize((SIDE, SIDE)).save(file, "PNG")
            files.append(file.getvalue())
    folder.mkdir()
    for index, content in zip(range(number), itertools.cycle(files), strict=False):
        (folder / f"{index:06}.png").write_bytes(content)


def seconds(pictures: Path, options: Sequence[str]) -> float:
    """Run the command once."""
    inkdigits = [sys.executable, "-c", "from inkdigits.cli import main; main()", "predict"]
    with tempfile.TemporaryDirectory() as folder:
        chosen = [option.format(folder=folder) for option in options]
        start = time.perf_counter()
        subprocess.run([*inkdigits, str(pictures), *chosen], check=True, capture_output=True)
        return time.perf_counter() - start


def line(times_s: Mapping[int, float]) -> dict[str, float]:
    """Fit a straight line, by relative errors, so that small numbers count as much as large ones.

    times_s   by the number of pictures
    """
    numbers, times = np.array(list(times_s)), np.array(list(times_s.values()))
    columns = np.stack([np.ones(len(numbers)), numbers], axis=1) / times[:, None]
    start_s, each_s = np.linalg.lstsq(columns, np.ones(len(numbers)))[0]
    return {"start_s": float(start_s), "picture_ms": float(1000 * each_s)}


def crossings(lines: Mapping[str, Mapping[str, float]]) -> Iterator[dict[str, Any]]:
    """Yield from which number of pictures on a way is faster than one that starts sooner."""
    for sooner, later in itertools.combinations(lines, 2):
        one, two = lines[sooner], lines[later]
        gain_s = (one["picture_ms"] - two["picture_ms"]) / 1000
        more_s = two["start_s"] - one["start_s"]
        pictures = max(0.0, more_s / gain_s) if gain_s > 0 else None
        yield {"faster": later, "than": sooner, "from_pictures": pictures}


def main() -> None:
    """Measure all in interleaved rounds; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of few pictures, not saved")
    arguments = parser.parse_args()
    numbers = QUICK_NUMBERS if arguments.quick else NUMBERS
    watch = LoadWatch(on_ray=True)
    measured: dict[str, dict[int, list[float]]] = {way: {} for way in OPTIONS}
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            write_pictures(Path(folder) / str(number), number)
        for _ in range(1 if arguments.quick else arguments.rounds):
            for number, (way, options) in itertools.product(numbers, OPTIONS.items()):
                taken = seconds(Path(folder) / str(number), options)
                measured[way].setdefault(number, []).append(taken)
    medians = {
        way: {number: statistics.median(times) for number, times in of.items()}
        for way, of in measured.items()
    }
    lines = {way: line(times_s) for way, times_s in medians.items()}
    figures = {
        "seconds": medians,
        "lines": lines,
        "crossings": list(crossings(lines)),
        "machine_load": watch.stop(),
    }
    for name, figure in figures.items():
        print(name, figure)
    if not arguments.quick:
        save_results("crossover", figures)


if __name__ == "__main__":
    main()
