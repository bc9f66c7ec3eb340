"""Training time of a plain network against PyTorch and scikit-learn, and of `classic` an example.

All three train the same network (784-128-64-10, ReLU), without what a recipe here adds, such as
augmentation, on the same pictures, which each holds in memory in its own form, with the same batch
size, epochs, optimizer and number of threads, each in a process of its own, in turns. PyTorch
follows the same one-cycle schedule; scikit-learn knows none, and keeps its rate constant. None of
them is measured on its accuracy here.
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
from measured import keep

from inkdigits import training
from inkdigits.arrays import Array, Labels
from inkdigits.data import mnist
from inkdigits.data.batches import Batches
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.losses import smoothed
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD
from inkdigits.nn.schedules import OneCycle
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import CLASSIC, MLP, Recipe

PLAIN = replace(
    MLP,
    name="plain",
    network=Network((Flatten(), Dense(784, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, 10))),
    targets=smoothed(10, 0.1),
    optimizer=SGD(momentum=0.9, weight_decay=2e-4),
    schedule=OneCycle(peak=0.1),
    batch_size=64,
    epochs=10,
    ema_decay=0.0,
    augment=None,
    pendigits_copies=0,
    outliers=0.0,
)
WRITE_UP_US = 622  # an example of the write-up's own loop, as it was re-measured
# NumPy's and scikit-learn's; PyTorch is told in its own contender.
THREADS = {"OPENBLAS_NUM_THREADS": str(os.cpu_count()), "OMP_NUM_THREADS": str(os.cpu_count())}
CLASSIC_EXAMPLES = 20_000  # enough for a steady figure


def pictures(recipe: Recipe) -> tuple[Array, Labels]:
    """The 60,000 training digits as the recipe wants them, float32 (N, 28, 28)."""
    digits = mnist.load("train")
    cleaned = PREPROCESSORS[recipe.preprocessing].from_mnist(digits.images)
    return cleaned / np.float32(255), digits.labels.astype(np.int64)


def inkdigits_mlp() -> float:
    """Seconds for the recipe's ten epochs."""
    x, labels = pictures(PLAIN)
    batches = Batches(x, labels, PLAIN.batch_size, seed=0)
    since = time.perf_counter()
    for _ in training.fit(PLAIN, batches, training.init_state(PLAIN, seed=0)):
        pass
    return time.perf_counter() - since


def inkdigits_classic() -> float:
    """Seconds an example, one at a time."""
    x, labels = pictures(CLASSIC)
    batches = Batches(
        x[:CLASSIC_EXAMPLES], labels[:CLASSIC_EXAMPLES], size=1, seed=0, shuffle=False
    )
    since = time.perf_counter()
    next(training.fit(CLASSIC, batches, training.init_state(CLASSIC, seed=0)))
    return (time.perf_counter() - since) / CLASSIC_EXAMPLES


def pytorch_mlp(fused: bool = False) -> float:
    """Seconds for the same by PyTorch, with its own optimizer, loss and schedule."""
    import torch

    assert isinstance(PLAIN.optimizer, SGD)
    assert isinstance(PLAIN.schedule, OneCycle)
    torch.set_num_threads(os.cpu_count() or 1)
    x_array, label_array = pictures(PLAIN)
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
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    since = time.perf_counter()
    for _ in range(PLAIN.epochs):
        for chosen in torch.randperm(len(x)).split(PLAIN.batch_size):
            optimizer.zero_grad()
            loss(network(x[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    return time.perf_counter() - since


def pytorch_mlp_fused() -> float:
    """Seconds for the same by PyTorch with its fused optimizer, its fastest on a processor."""
    return pytorch_mlp(fused=True)


def scikit_learn_mlp() -> float:
    """Seconds for as many epochs of scikit-learn's MLPClassifier, in float32 like the others."""
    from sklearn.neural_network import MLPClassifier

    assert isinstance(PLAIN.optimizer, SGD)
    warnings.filterwarnings("ignore", message="Stochastic Optimizer")  # it is to stop so early
    x, labels = pictures(PLAIN)
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
    since = time.perf_counter()
    classifier.fit(flat, labels)
    return time.perf_counter() - since


CONTENDERS = (
    inkdigits_mlp,
    pytorch_mlp,
    pytorch_mlp_fused,
    scikit_learn_mlp,
    inkdigits_classic,
)


def main() -> None:
    """Run every contender in turns, and print and keep the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contender", choices=[contender.__name__ for contender in CONTENDERS])
    arguments = parser.parse_args()
    if arguments.contender:
        print(json.dumps(globals()[arguments.contender]()))
        return

    seconds: dict[str, list[float]] = {contender.__name__: [] for contender in CONTENDERS}
    for _ in range(arguments.rounds):
        for name, measured in seconds.items():
            command = [sys.executable, __file__, "--contender", name]
            run = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | THREADS
            )
            measured.append(json.loads(run.stdout))
            print(f"{name:20} {measured[-1]:.6f} s", flush=True)
    medians = {name: statistics.median(measured) for name, measured in seconds.items()}
    ours = medians["inkdigits_mlp"]
    ratios = {
        f"inkdigits / {peer}": ours / medians[peer]
        for peer in ("pytorch_mlp", "pytorch_mlp_fused", "scikit_learn_mlp")
    }
    ratios["classic, an example / the write-up's 622 us"] = (
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
    keep("training", figures)


if __name__ == "__main__":
    main()
