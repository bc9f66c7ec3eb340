"""Test accuracy of each recipe: trained and evaluated by the command line, over several seeds.

Nothing here chooses anything by the test digits: every seed that is trained is reported.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from measured import keep

from inkdigits.models import RECIPES

PUBLISHED = {"classic": 0.9237}  # the write-up's own figure


def inkdigits(*arguments: str) -> str:
    """Run the command line and return what it prints."""
    command = [sys.executable, "-c", "from inkdigits.cli import main; main()", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def train_and_evaluate(recipe: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train with one seed and measure on the test digits."""
    run = folder / f"{recipe}-{seed}"
    since = time.perf_counter()
    inkdigits("train", recipe, "--seed", str(seed), "--run-dir", str(run))
    whole_s = time.perf_counter() - since
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    epochs = [json.loads(line) for line in lines]
    result = json.loads(inkdigits("evaluate", str(run / f"{recipe}.safetensors"), "--json"))
    return {
        "seed": seed,
        "accuracy": result["accuracy"],
        "log_loss": result["log_loss"],
        "validation_accuracy": epochs[-1]["validation_accuracy"],
        "training_s": sum(epoch["seconds"] for epoch in epochs),
        "whole_command_s": whole_s,
        "digest": result["digest"],
    }


def main() -> None:
    """Train every recipe with every seed, and print and keep means and spreads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        for recipe in arguments.recipes:
            runs = []
            for seed in range(arguments.seeds):
                runs.append(train_and_evaluate(recipe, seed, Path(folder)))
                print(f"{recipe} seed {seed}: {runs[-1]['accuracy']:.2%}", flush=True)
            accuracies = [run["accuracy"] for run in runs]
            figures[recipe] = {
                "accuracy_mean": statistics.mean(accuracies),
                "accuracy_spread": statistics.stdev(accuracies) if len(runs) > 1 else None,
                "published": PUBLISHED.get(recipe),
                "training_s_mean": statistics.mean(run["training_s"] for run in runs),
                "runs": runs,
            }
            print(f"{recipe}: mean {figures[recipe]['accuracy_mean']:.2%}", flush=True)
    keep("accuracy", figures)


if __name__ == "__main__":
    main()
