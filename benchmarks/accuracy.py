"""Accuracy of each recipe on digits that chose nothing: trained and evaluated by the command line.

Every recipe that knows pen writers is trained twice, with them and on MNIST alone, with several
seeds. Nothing here chooses anything by the test digits: every seed that is trained is reported.
A run takes minutes to hours, so what is done already at this state of the code is not done again.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from measured import commit, fingerprint, keep, recalled

from inkdigits.recipes import RECIPES

MNIST_ALONE, WITH_PENS = DATA = "MNIST alone", "with pens"
PUBLISHED = {"classic": 0.9237}  # the write-up's own figure
SEEDS = {"cnn": 3}  # and 5 for every other recipe


def inkdigits(*arguments: str) -> str:
    """Run the command line, with one thread, and return what it prints."""
    command = [sys.executable, "-c", "from inkdigits.cli import main; main()", *arguments]
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_thread)
    return done.stdout


def train_and_evaluate(recipe: str, data: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train with one seed and measure on the test digits and the development pen writers."""
    run = folder / f"{recipe}-{data.replace(' ', '-')}-{seed}"
    resume = ["--resume"] if (run / "settings.json").exists() else []
    pens = "--pens" if data == WITH_PENS else "--no-pens"
    since = time.perf_counter()
    inkdigits("train", recipe, "--seed", str(seed), "--run-dir", str(run), pens, *resume)
    whole_s = time.perf_counter() - since
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    epochs = [json.loads(line) for line in lines]
    result = json.loads(inkdigits("evaluate", str(run / f"{recipe}.safetensors"), "--json"))
    writers = result["pen_writers"]
    return {
        "seed": seed,
        "code": code_of(recipe),
        "commit": commit(),
        "accuracy": result["accuracy"],
        "log_loss": result["log_loss"],
        "brier": result["brier"],
        "refused": result["refused"] / result["total"],
        "validation_accuracy": epochs[-1]["validation_accuracy"],
        "writers_mean": writers["by_writer"]["mean"],
        "writers_interval": writers["by_writer"]["interval"],
        "writers_worst": writers["by_writer"]["worst"],
        "writers_log_loss": writers["log_loss"],
        "writers_refused": writers["refused"] / writers["total"],
        "training_s": sum(epoch["seconds"] for epoch in epochs),
        "whole_command_s": whole_s,
        "digest": result["digest"],
    }


def code_of(recipe: str) -> str:
    """Which code, and which settings of the recipe, decide what its training comes to.

    What tells ink from sheet is left out: of all that is trained on, it has a part in a few of the
    pictures of no digit alone.
    """
    settings = re.sub(r" at 0x\w+", "", repr(RECIPES[recipe]))
    imaging = (f"imaging/{part}" for part in (RECIPES[recipe].preprocessing, "strokes"))
    return fingerprint("arrays", "nn", "data", "training", "reading", *imaging, also=settings)


def kept(recipe: str, data: str) -> list[dict[str, Any]]:
    """The runs that results/ holds already of this state of the code."""
    runs = recalled("accuracy").get(recipe, {}).get(data, {}).get("runs", [])
    return [run for run in runs if run.get("code") == code_of(recipe)]


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means and spreads over the seeds."""
    accuracies = [run["accuracy"] for run in runs]
    return {
        "accuracy_mean": statistics.mean(accuracies),
        "accuracy_spread": statistics.stdev(accuracies) if len(runs) > 1 else None,
        **{
            f"{name}_mean": statistics.mean(run[name] for run in runs)
            for name in ("log_loss", "writers_mean", "writers_worst", "training_s")
        },
        "runs": runs,
    }


def main() -> None:
    """Train every recipe with every seed, and print and keep means and spreads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--data", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--seeds", type=int, help="of each; without it 5, and 3 of cnn")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, a thread each")
    parser.add_argument("--folder", type=Path, default=Path("runs/accuracy"), help="of the runs")
    arguments = parser.parse_args()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        running = {
            pool.submit(train_and_evaluate, recipe, data, seed, arguments.folder): (recipe, data)
            for seed in range(arguments.seeds or 5)
            for recipe in arguments.recipes
            for data in arguments.data
            if (arguments.seeds or seed < SEEDS.get(recipe, 5))
            and (data == MNIST_ALONE or RECIPES[recipe].pendigits_copies)
            and seed not in [run["seed"] for run in kept(recipe, data)]
        }
        for future in as_completed(running):
            recipe, data = running[future]
            run = future.result()
            print(
                f"{recipe}, {data}, seed {run['seed']}: {run['accuracy']:.2%}; pen writers "
                f"{run['writers_mean']:.2%}, worst {run['writers_worst']:.2%}",
                flush=True,
            )
            runs = sorted([*kept(recipe, data), run], key=lambda run: int(run["seed"]))
            figures = recalled("accuracy").get(recipe, {"published": PUBLISHED.get(recipe)})
            keep("accuracy", {recipe: figures | {data: summary(runs)}}, merge=True)


if __name__ == "__main__":
    main()
