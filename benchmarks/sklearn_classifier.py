"""Accuracy and time of InkClassifier beside scikit-learn's MLPClassifier.

Both have the same hidden layers, epochs, batch size and training pictures, float32, and one thread.
InkClassifier is measured with its own defaults and with MLPClassifier's learning rate. For each
seed, all of them are trained one after the other. Times are processor times, because other
processes hardly change these, and a ratio is the median over the seeds.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from load_watch import LoadWatch
from results_store import save_results
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from inkdigits.arrays import Array, Labels
from inkdigits.data import mnist
from inkdigits.sklearn import InkClassifier

HIDDEN_LAYER_SIZES = (128, 64)
BATCH_SIZE = 128
PEER = "`MLPClassifier`"
EPOCHS = {"8x8 digits": 50, "MNIST": 5}
SEEDS = {"8x8 digits": 10, "MNIST": 3}

Split: TypeAlias = tuple[Array, Array, Labels, Labels]


def make_classifiers(epochs: int, seed: int) -> dict[str, Any]:
    """Return the classifiers by name, not fitted."""
    same: dict[str, Any] = {"hidden_layer_sizes": HIDDEN_LAYER_SIZES, "batch_size": BATCH_SIZE}
    peer = MLPClassifier(**same, max_iter=epochs, n_iter_no_change=epochs, random_state=seed)
    rate = peer.learning_rate_init
    return {
        "`InkClassifier`": InkClassifier(**same, epochs=epochs, random_state=seed),
        f"`InkClassifier`, constant learning rate {rate}": InkClassifier(
            **same,
            epochs=epochs,
            schedule="constant",
            learning_rate=rate,
            weight_decay=0,
            random_state=seed,
        ),
        PEER: peer,
    }


def small_digits(seed: int) -> Split:
    """Return scikit-learn's 8x8 digits in [0, 1]: those to train on and, for each seed, 540 others.

    returns  float32 (N, 64), float32 (540, 64), and the labels of both
    """
    x, y = load_digits(return_X_y=True)
    parts: Split = train_test_split(
        (x / 16).astype(np.float32), y, test_size=540, stratify=y, random_state=seed
    )
    return parts


def mnist_digits(seed: int) -> Split:
    """Return MNIST's training and test digits in [0, 1], the same for each seed.

    returns  float32 (60000, 784), float32 (10000, 784), and the labels of both
    """
    train, test = mnist.load("train"), mnist.load("test")
    rows = [(of.images.reshape(len(of.images), -1) / np.float32(255)) for of in (train, test)]
    return rows[0], rows[1], train.labels, test.labels


LOADERS: dict[str, Callable[[int], Split]] = {"8x8 digits": small_digits, "MNIST": mnist_digits}


def measure(classifier: Any, split: Split) -> dict[str, float]:
    """Train a classifier; return its test accuracy and the processor time of fit and predict."""
    x, test_x, y, test_y = split
    start = time.process_time()
    classifier.fit(x, y)
    fitted = time.process_time()
    predicted = classifier.predict(test_x)
    done = time.process_time()
    return {
        "accuracy": float((predicted == test_y).mean()),
        "fit_cpu_s": fitted - start,
        "predict_cpu_s": done - fitted,
    }


def summarize(runs: list[dict[str, dict[str, float]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each classifier with its accuracy over the seeds, and the times beside the peer's.

    runs   for each seed, the figures of each classifier
    """
    for name in runs[0]:
        accuracies = [run[name]["accuracy"] for run in runs]
        yield (
            name,
            {
                "accuracies": accuracies,
                "accuracy_mean": statistics.mean(accuracies),
                "accuracy_std": statistics.stdev(accuracies) if len(runs) > 1 else None,
                **{
                    key: statistics.median(run[name][key] for run in runs)
                    for key in ("fit_cpu_s", "predict_cpu_s")
                },
                **{
                    f"relative_{step}_time": statistics.median(
                        run[name][f"{step}_cpu_s"] / run[PEER][f"{step}_cpu_s"] for run in runs
                    )
                    for step in ("fit", "predict")
                },
            },
        )


def compare(dataset: str, seeds: int, epochs: int) -> dict[str, Any]:
    """Train and test every classifier with each seed, on one thread."""
    runs = []
    watch = LoadWatch()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is given
        for seed in range(seeds):
            split = LOADERS[dataset](seed)
            classifiers = make_classifiers(epochs, seed)
            # Every other seed in reverse order, so that none is always the first.
            names = list(classifiers)[:: -1 if seed % 2 else 1]
            measured = {name: measure(classifiers[name], split) for name in names}
            runs.append({name: measured[name] for name in classifiers})
    return {
        "epochs": epochs,
        "seeds": seeds,
        "test_digits": len(split[3]),
        "classifiers": dict(summarize(runs)),
        **watch.stop(),
    }


def show(datasets: dict[str, dict[str, Any]]) -> None:
    """Print the figures as a table."""
    table = Table("data set", "classifier", "accuracy", "fit / MLPClassifier", "predict")
    for dataset, figures in datasets.items():
        table.add_section()
        for name, of in figures["classifiers"].items():
            table.add_row(
                dataset,
                name,
                f"{of['accuracy_mean']:.2%} ± {100 * (of['accuracy_std'] or 0):.2f}",
                f"{of['relative_fit_time']:.2f}",
                f"{of['relative_predict_time']:.2f}",
            )
    Console().print(table)


def main() -> None:
    """Compare the classifiers on both data sets; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, help="instead of each data set's own number")
    parser.add_argument("--epochs", type=int, help="on MNIST, instead of 5")
    arguments = parser.parse_args()
    datasets = {}
    for name in LOADERS:
        epochs = arguments.epochs if arguments.epochs and name == "MNIST" else EPOCHS[name]
        datasets[name] = compare(name, arguments.seeds or SEEDS[name], epochs)
    show(datasets)
    save_results(
        "sklearn_classifier",
        {
            "hidden_layer_sizes": HIDDEN_LAYER_SIZES,
            "batch_size": BATCH_SIZE,
            "threads": 1,
            "datasets": datasets,
        },
    )


if __name__ == "__main__":
    main()
