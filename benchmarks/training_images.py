"""Preparing the training pictures of `cnn-small`, now and before they were drawn in parallel.

The whole preparation of a fixed share of the digits is measured: preprocessing MNIST, restroking,
rendering traces, and drawing non-digits. "Before" is the same on an older commit.
"""

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from interleaved import Comparison, Contender, compare, described
from results_store import save_results

from inkdigits import training_data
from inkdigits.recipes import CNN_SMALL

REPOSITORY = Path(__file__).parents[1]
BEFORE = "3df687b"  # the last commit that drew the pictures one after the other
DIGITS = 20_000  # of MNIST's, and the same share of the others: enough to start all processes


def prepare(workers: int | None = None) -> Callable[[], None]:
    """Prepare the preparation: load the digits.

    workers  processes to use; None for a version that does not have this choice
    """
    sources = training_data.load(CNN_SMALL, None, limit=DIGITS)
    options: dict[str, Any] = {} if workers is None else {"workers": workers}

    def call() -> None:
        training_data.prepare(CNN_SMALL, sources, seed=0, **options)

    return call


def picture_count() -> int:
    """Return the number of pictures that are prepared."""
    sources = training_data.load(CNN_SMALL, None, limit=DIGITS)
    prepared = training_data.prepare(CNN_SMALL, sources, seed=0, workers=os.cpu_count() or 1)
    return sum(prepared.counts.values())


def extract(commit: str, folder: Path) -> None:
    """Write src/ of a commit to a folder.

    raises   CalledProcessError if the repository does not have the commit
    """
    archive = subprocess.run(
        ["git", "-C", str(REPOSITORY), "archive", commit, "src"], check=True, capture_output=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")


def _ours(workers: int) -> Contender:
    return Contender("training_images:prepare", {"workers": workers}, threads=workers)


def main() -> None:
    """Measure both versions in turns; print and save the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT")
    parser.add_argument("--checkout", type=Path, help="a folder with src/ instead of a commit")
    arguments = parser.parse_args()
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        checkout = arguments.checkout
        if not checkout:
            checkout = Path(folder)
            try:
                extract(arguments.before, checkout)
            except subprocess.CalledProcessError:
                sys.exit(f"commit {arguments.before} is missing: run `git fetch --unshallow`")
        row = compare(
            Comparison(
                work="preparing 1,000 training pictures of `cnn-small`",
                contenders={
                    f"inkdigits, {workers} workers": _ours(workers),
                    "inkdigits, 1 worker": _ours(1),
                    "before": Contender("training_images:prepare", checkout=checkout),
                },
                # Times are given for 1,000 pictures.
                per_call=picture_count() / 1_000,
                rounds=arguments.rounds,
                seconds=0,
            )
        )
    print(described(row))
    save_results("training_images", {"before": arguments.before, "rows": [row]})


if __name__ == "__main__":
    main()
