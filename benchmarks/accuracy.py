"""Test accuracy of each recipe over several seeds, trained and evaluated with the command line.

Every recipe that uses other data sets than MNIST is trained both with all of them and on MNIST
alone. The test digits are not used for model selection: every trained seed is reported. A run takes
minutes to hours, so runs that were already done with the same code are not repeated.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from results_store import commit, fingerprint, load_results, save_results

from inkdigits.data.development import PENDIGITS
from inkdigits.recipes import RECIPES
from inkdigits.training_data import only_mnist, without_missing

MNIST_ONLY, ALL_SOURCES = DATA = "MNIST", "all sources"
PUBLISHED = {"classic": 0.9237}  # in the write-up
SEEDS = {"cnn": 3}  # and 5 for every other recipe


def inkdigits(*arguments: str) -> str:
    """Run the inkdigits command on one thread and return its output."""
    command = [sys.executable, "-c", "from inkdigits.cli import main; main()", *arguments]
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_thread)
    return done.stdout


def train_and_evaluate(recipe: str, data: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train with one seed; evaluate on the test digits and on people who are not trained on."""
    run = folder / f"{recipe}-{re.sub('[^a-z]+', '-', data.lower())}-{seed}"
    resume = ["--resume"] if (run / "settings.json").exists() else []
    only = ["--mnist-only"] if data == MNIST_ONLY else []
    start = time.perf_counter()
    inkdigits("train", recipe, "--seed", str(seed), "--run-dir", str(run), *only, *resume)
    whole_s = time.perf_counter() - start
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    epochs = [json.loads(line) for line in lines]
    result = json.loads(inkdigits("evaluate", str(run / f"{recipe}.safetensors"), "--json"))
    writers = result["writers"][PENDIGITS]
    return {
        "seed": seed,
        "code": code_fingerprint(recipe),
        "commit": commit(),
        "accuracy": result["accuracy"],
        "log_loss": result["log_loss"],
        "brier": result["brier"],
        "rejected": result["rejected"] / result["total"],
        "validation_accuracy": epochs[-1]["validation_accuracy"],
        "writers_mean": writers["by_writer"]["mean"],
        "writers_interval": writers["by_writer"]["interval"],
        "writers_worst": writers["by_writer"]["worst"],
        "writers_log_loss": writers["log_loss"],
        "writers_rejected": writers["rejected"] / writers["total"],
        "sources": {
            name: {
                "mean": figures["by_writer"]["mean"],
                "worst": figures["by_writer"]["worst"],
                "rejected": figures["rejected"] / figures["total"],
                "answered": figures["answered"] / figures["total"],
            }
            for name, figures in result["writers"].items()
        },
        "training_s": sum(epoch["seconds"] for epoch in epochs),
        # Of a run that was resumed, the command took only a part of the time.
        "whole_command_s": None if resume else whole_s,
        "digest": result["digest"],
    }


def code_fingerprint(recipe: str) -> str:
    """Hash the code and the recipe's settings that determine the result of training.

    The segmentation of ink from the background is left out: of all training images, it affects
    only a few outliers.
    """
    settings = re.sub(r" at 0x\w+", "", repr(RECIPES[recipe]))
    preprocessing = f"preprocessing/{RECIPES[recipe].preprocessing}"
    parts = ("arrays", "nn", "data", "training", "training_data", "inference", "imaging/strokes")
    return fingerprint(*parts, preprocessing, settings=settings)


def finished_runs(recipe: str, data: str) -> list[dict[str, Any]]:
    """Return the runs in results/ that were made with the current code."""
    runs = load_results("accuracy").get(recipe, {}).get(data, {}).get("runs", [])
    return [run for run in runs if run.get("code") == code_fingerprint(recipe)]


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return means and the standard deviation over the seeds, and the runs."""
    accuracies = [run["accuracy"] for run in runs]
    return {
        "accuracy_mean": statistics.mean(accuracies),
        "accuracy_std": statistics.stdev(accuracies) if len(runs) > 1 else None,
        **{
            f"{name}_mean": statistics.mean(run[name] for run in runs)
            for name in ("log_loss", "writers_mean", "writers_worst", "training_s")
        },
        "whole_command_s_mean": mean_or_none(run["whole_command_s"] for run in runs),
        "runs": runs,
    }


def is_trained_on(recipe: str, data: str) -> bool:
    """Return whether a recipe is trained on MNIST alone, or can be trained on more."""
    return data == MNIST_ONLY or RECIPES[recipe] != only_mnist(RECIPES[recipe])


def with_summary(figures: dict[str, Any], data: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a recipe's figures with those of its runs on some data.

    Figures of runs on other data than DATA are dropped.
    """
    kept = {key: figures[key] for key in figures if key in ("published", *DATA)}
    return kept | {data: summary(runs)}


def mean_or_none(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that were measured; None if there are none."""
    measured = [value for value in values if value is not None]
    return statistics.mean(measured) if measured else None


def main() -> None:
    """Train every recipe with every seed; print every run, and save means and deviations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--data", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--seeds", type=int, help="seeds per recipe (default: 5, and 3 for cnn)")
    parser.add_argument("--jobs", type=int, default=1, help="parallel runs, one thread each")
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/accuracy"), help="where the runs are stored"
    )
    arguments = parser.parse_args()
    if ALL_SOURCES in arguments.data:
        for recipe in arguments.recipes:
            # The command would only warn, and train without them.
            if missing := without_missing(RECIPES[recipe])[1]:
                sys.exit("\n".join(missing))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        running = {
            pool.submit(train_and_evaluate, recipe, data, seed, arguments.folder): (recipe, data)
            for seed in range(arguments.seeds or 5)
            for recipe in arguments.recipes
            for data in arguments.data
            if (arguments.seeds or seed < SEEDS.get(recipe, 5))
            and is_trained_on(recipe, data)
            and seed not in [run["seed"] for run in finished_runs(recipe, data)]
        }
        for future in as_completed(running):
            recipe, data = running[future]
            run = future.result()
            print(
                f"{recipe}, {data}, seed {run['seed']}: {run['accuracy']:.2%}; Pendigits writers: "
                f"mean {run['writers_mean']:.2%}, worst {run['writers_worst']:.2%}",
                flush=True,
            )
            runs = sorted([*finished_runs(recipe, data), run], key=lambda run: int(run["seed"]))
            figures = load_results("accuracy").get(recipe, {"published": PUBLISHED.get(recipe)})
            save_results("accuracy", {recipe: with_summary(figures, data, runs)}, merge=True)


if __name__ == "__main__":
    main()
