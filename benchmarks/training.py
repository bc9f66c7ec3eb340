"""Training time of a plain network against PyTorch and scikit-learn, and of `classic` per example.

All three train the same network (784-128-64-10, ReLU) without the recipes' extras, such as
augmentation. They use the same images, held in memory in the format of each, and the same batch
size, number of epochs, optimizer and number of threads. Each runs in its own process, and they take
turns. PyTorch follows the same one-cycle schedule; scikit-learn does not have one and keeps its
learning rate constant. Accuracy is not measured here.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from results_store import save_results

from inkdigits import training
from inkdigits.arrays import Array, Labels
from inkdigits.data import mnist
from inkdigits.data.batches import Batches
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.losses import LabelSmoothing
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD
from inkdigits.nn.schedules import OneCycle
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import CLASSIC, MLP, Recipe

SMOOTHING = 0.1
PLAIN = replace(
    MLP,
    name="plain",
    network=Network((Flatten(), Dense(784, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, 10))),
    targets=LabelSmoothing(SMOOTHING),
    optimizer=SGD(momentum=0.9, weight_decay=2e-4),
    schedule=OneCycle(peak=0.1),
    batch_size=64,
    epochs=10,
    ema_decay=0.0,
    augment=None,
    pendigits_copies=0,
    outliers=0.0,
)
WRITE_UP_US = 622  # per example, measured with the write-up's own loop
# For NumPy and scikit-learn; PyTorch's threads are set in `pytorch_mlp`.
THREADS = {"OPENBLAS_NUM_THREADS": str(os.cpu_count()), "OMP_NUM_THREADS": str(os.cpu_count())}
CLASSIC_EXAMPLES = 20_000  # enough for a steady figure


def training_data(recipe: Recipe) -> tuple[Array, Labels]:
    """Load the 60,000 training digits, preprocessed for the recipe, float32 (N, 28, 28)."""
    digits = mnist.load("train")
    preprocessed = PREPROCESSORS[recipe.preprocessing].from_mnist(digits.images)
    return preprocessed / np.float32(255), digits.labels.astype(np.int64)


def inkdigits_mlp() -> float:
    """Return the training time with inkdigits, in seconds."""
    x, labels = training_data(PLAIN)
    batches = Batches(x, labels, PLAIN.batch_size, seed=0)
    start = time.perf_counter()
    for _ in training.fit(PLAIN, batches, training.init_state(PLAIN, seed=0)):
        pass
    return time.perf_counter() - start


def inkdigits_classic() -> float:
    """Return the training time of `classic` per example, in seconds."""
    x, labels = training_data(CLASSIC)
    batches = Batches(
        x[:CLASSIC_EXAMPLES], labels[:CLASSIC_EXAMPLES], size=1, seed=0, shuffle=False
    )
    start = time.perf_counter()
    next(training.fit(CLASSIC, batches, training.init_state(CLASSIC, seed=0)))
    return (time.perf_counter() - start) / CLASSIC_EXAMPLES


def pytorch_mlp(fused: bool = False) -> float:
    """Return the training time with PyTorch's optimizer, loss and schedule, in seconds."""
    import torch

    assert isinstance(PLAIN.optimizer, SGD)
    assert isinstance(PLAIN.schedule, OneCycle)
    torch.set_num_threads(os.cpu_count() or 1)
    x_array, label_array = training_data(PLAIN)
    x, labels = torch.from_numpy(x_array).flatten(1), torch.from_numpy(label_array)
    network = torch.nn.Sequential(
        torch.nn.Linear(784, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 10),
    )
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=PLAIN.schedule.peak,
        momentum=PLAIN.optimizer.momentum,
        weight_decay=PLAIN.optimizer.weight_decay,
        fused=fused,
    )
    steps_in_epoch = -(-len(x) // PLAIN.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=PLAIN.schedule.peak,
        total_steps=PLAIN.epochs * steps_in_epoch,
        pct_start=PLAIN.schedule.rise,
        div_factor=1 / PLAIN.schedule.start,
        cycle_momentum=False,
    )
    loss = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    start = time.perf_counter()
    for _ in range(PLAIN.epochs):
        for chosen in torch.randperm(len(x)).split(PLAIN.batch_size):
            optimizer.zero_grad()
            loss(network(x[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    return time.perf_counter() - start


def pytorch_mlp_fused() -> float:
    """Return the training time with PyTorch's fused optimizer, its fastest on a CPU, in seconds."""
    return pytorch_mlp(fused=True)


def scikit_learn_mlp() -> float:
    """Return the training time with scikit-learn's MLPClassifier, also in float32, in seconds."""
    from sklearn.neural_network import MLPClassifier

    assert isinstance(PLAIN.optimizer, SGD)
    warnings.filterwarnings("ignore", message="Stochastic Optimizer")  # not converged
    x, labels = training_data(PLAIN)
    classifier = MLPClassifier(
        (128, 64),
        solver="sgd",
        learning_rate_init=0.05,
        momentum=PLAIN.optimizer.momentum,
        nesterovs_momentum=False,
        batch_size=PLAIN.batch_size,
        max_iter=PLAIN.epochs,
        tol=0,
        n_iter_no_change=PLAIN.epochs,
    )
    flat = x.reshape(len(x), -1)
    start = time.perf_counter()
    classifier.fit(flat, labels)
    return time.perf_counter() - start


CONTENDERS = (
    inkdigits_mlp,
    pytorch_mlp,
    pytorch_mlp_fused,
    scikit_learn_mlp,
    inkdigits_classic,
)


def main() -> None:
    """Run the contenders, taking turns; print and save the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contender", choices=[contender.__name__ for contender in CONTENDERS])
    arguments = parser.parse_args()
    if arguments.contender:
        print(json.dumps(globals()[arguments.contender]()))
        return

    seconds: dict[str, list[float]] = {contender.__name__: [] for contender in CONTENDERS}
    for _ in range(arguments.rounds):
        for name, times in seconds.items():
            command = [sys.executable, __file__, "--contender", name]
            run = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | THREADS
            )
            times.append(json.loads(run.stdout))
            print(f"{name:20} {times[-1]:.6f} s", flush=True)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ratios = {
        f"inkdigits / {other}": medians["inkdigits_mlp"] / medians[other]
        for other in ("pytorch_mlp", "pytorch_mlp_fused", "scikit_learn_mlp")
    }
    ratios["classic per example / the write-up's 622 us"] = (
        1e6 * medians["inkdigits_classic"] / WRITE_UP_US
    )
    figures: dict[str, Any] = {
        "threads": os.cpu_count(),
        "seconds": seconds,
        "medians": medians,
        "ratios": ratios,
    }
    for name, ratio in ratios.items():
        print(f"{name:45} {ratio:.2f}")
    save_results("training", figures)


if __name__ == "__main__":
    main()
