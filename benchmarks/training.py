"""Training steps and whole epochs against PyTorch, and a plain network against scikit-learn too.

A step is measured as the recipe has it: forward and backward pass with batch normalization, AdamW,
the moving average of the weights, and the numbers that the record needs. An epoch also has the
augmentation. Everything is checked first: after the same batches, the losses must agree.
"""

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from interleaved import Comparison, Contender, run

from inkdigits import training
from inkdigits.arrays import Array, Labels
from inkdigits.data import mnist
from inkdigits.data.batches import Batches
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.losses import LabelSmoothing
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD
from inkdigits.nn.schedules import OneCycle
from inkdigits.preprocessing import PREPROCESSORS, network_input
from inkdigits.recipes import CLASSIC, MLP, RECIPES, Recipe
from inkdigits.training_environment import keep_freed_memory

STEPS = {"mlp": 50, "cnn-small": 8}  # in a call
BATCH = 128  # pictures in a step of both recipes
MANY_EPOCHS = 10**6  # so that the schedule stays in its first, constant part
EPOCH_PICTURES = 12_800
SMOOTHING = 0.1
PLAIN = replace(
    MLP,
    name="plain",
    network=Network((Flatten(), Dense(784, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, 10))),
    targets=LabelSmoothing(SMOOTHING),
    optimizer=SGD(momentum=0.9, weight_decay=2e-4),
    schedule=OneCycle(peak=0.1),
    batch_size=64,
    epochs=1,
    ema_decay=0.0,
    augment=None,
    pendigits_images=0,
    unipen_images=0,
    semeion_copies=0,
    made_digits=0,
    outliers=0.0,
)
PLAIN_PICTURES = 30_000
CLASSIC_PICTURES = 5_000
WRITE_UP_US = 622  # per example, measured with the write-up's own loop


def pictures(recipe: Recipe, count: int) -> tuple[Array, Labels]:
    """Return preprocessed training digits, float32 (N, 28, 28), and their labels, int64 (N,).

    It also lets the C library keep freed memory, as `inkdigits train` does, and for PyTorch, too.
    """
    keep_freed_memory()
    digits = mnist.load("train").take(slice(count))
    preprocessed = PREPROCESSORS[recipe.preprocessing].from_mnist(digits.images)
    return network_input(preprocessed), digits.labels.astype(np.int64)


@dataclass(frozen=True)
class FixedBatches:
    """The same batches in each epoch, without augmentation: what is left is the step."""

    batches: list[tuple[Array, Labels]]

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield all batches from `first_step` on."""
        yield from self.batches[first_step:]

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the images of the first batches."""
        yield from (x for x, _ in self.batches[:count])


def fixed_batches(recipe: Recipe, steps: int) -> list[tuple[Array, Labels]]:
    """Cut `steps` batches from the first training digits."""
    x, labels = pictures(recipe, steps * recipe.batch_size)
    return list(
        zip(np.split(x, steps), np.split(labels, steps), strict=True),
    )


# Steps


def our_steps(name: str, steps: int, batch_size: int = BATCH) -> Callable[[], float]:
    """Prepare some steps of a recipe; a call makes them and returns the mean loss."""
    recipe = replace(RECIPES[name], epochs=MANY_EPOCHS, batch_size=batch_size)
    batches = FixedBatches(fixed_batches(recipe, steps))
    records = training.fit(recipe, batches, training.init_state(recipe, seed=0))
    return lambda: next(records).loss


def torch_steps(
    name: str, threads: int, steps: int, batch_size: int = BATCH
) -> Callable[[], float]:
    """Prepare the same steps, from the same weights, with PyTorch."""
    import torch
    from torch_network import mean_losses, trainer

    torch.set_num_threads(threads)
    recipe = replace(RECIPES[name], batch_size=batch_size)
    batches = [
        (torch.tensor(x), torch.tensor(labels)) for x, labels in fixed_batches(recipe, steps)
    ]
    vector = training.init_state(recipe, seed=0).params
    return mean_losses(trainer(recipe, vector, len(batches) * MANY_EPOCHS), batches)


# Whole epochs


def our_epoch(name: str) -> Callable[[], None]:
    """Prepare epochs of some of the training digits: from the data to the record."""
    recipe = replace(RECIPES[name], epochs=MANY_EPOCHS)
    x, labels = pictures(recipe, EPOCH_PICTURES)
    batches = Batches(x, labels, recipe.batch_size, 0, recipe.shuffle, recipe.augment)
    records = training.fit(recipe, batches, training.init_state(recipe, seed=0))

    def epoch() -> None:
        next(records)

    return epoch


def torch_epoch(name: str, threads: int) -> Callable[[], None]:
    """Prepare the same epochs, with the same augmentation, in PyTorch."""
    import torch
    from torch_augment import TorchAugment, draw
    from torch_network import trainer

    torch.set_num_threads(threads)
    recipe = RECIPES[name]
    assert recipe.augment
    x, labels = map(torch.tensor, pictures(recipe, EPOCH_PICTURES))
    steps = -(-len(x) // recipe.batch_size) * MANY_EPOCHS
    step = trainer(recipe, training.init_state(recipe, seed=0).params, steps)
    settings, augment, generator = recipe.augment, TorchAugment(recipe.augment), torch.Generator()

    def epoch() -> None:
        for chosen in torch.randperm(len(x), generator=generator).split(recipe.batch_size):
            images = x[chosen]
            images = augment(images, draw(len(images), settings, generator))
            step(images, labels[chosen])

    return epoch


# The plain network of the write-up's size


def plain_pictures() -> tuple[Array, Labels]:
    """Return training digits as they are, which makes no difference to the time."""
    keep_freed_memory()
    digits = mnist.load("train").take(slice(PLAIN_PICTURES))
    return network_input(digits.images), digits.labels.astype(np.int64)


def our_plain() -> Callable[[], None]:
    """Prepare an epoch of the plain network."""
    x, labels = plain_pictures()
    batches = Batches(x, labels, PLAIN.batch_size, seed=0)

    def epoch() -> None:
        next(training.fit(PLAIN, batches, training.init_state(PLAIN, seed=0)))

    return epoch


def torch_plain(threads: int, fused: bool) -> Callable[[], None]:
    """Prepare it with PyTorch's optimizer, loss and schedule."""
    import torch
    from torch_network import torch_network

    assert isinstance(PLAIN.optimizer, SGD)
    one_cycle = PLAIN.schedule
    assert isinstance(one_cycle, OneCycle)
    torch.set_num_threads(threads)
    x, labels = map(torch.tensor, plain_pictures())
    network = torch_network(PLAIN.network, training.init_state(PLAIN, seed=0).params)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=one_cycle.peak,
        momentum=PLAIN.optimizer.momentum,
        weight_decay=PLAIN.optimizer.weight_decay,
        fused=fused,
    )
    loss = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)

    def epoch() -> None:
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=one_cycle.peak,
            total_steps=-(-len(x) // PLAIN.batch_size),
            pct_start=one_cycle.rise,
            div_factor=1 / one_cycle.start,
            cycle_momentum=False,
        )
        for chosen in torch.randperm(len(x)).split(PLAIN.batch_size):
            optimizer.zero_grad()
            loss(network(x[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()

    return epoch


def scikit_learn_plain() -> Callable[[], None]:
    """Prepare it with scikit-learn, in float32, without the one-cycle schedule, which it lacks."""
    from sklearn.neural_network import MLPClassifier

    assert isinstance(PLAIN.optimizer, SGD)
    warnings.filterwarnings("ignore", message="Stochastic Optimizer")  # not converged
    x, labels = plain_pictures()
    flat = x.reshape(len(x), -1)
    classifier = MLPClassifier(
        (128, 64),
        solver="sgd",
        learning_rate_init=0.05,
        momentum=PLAIN.optimizer.momentum,
        nesterovs_momentum=False,
        batch_size=PLAIN.batch_size,
        max_iter=1,
    )

    def epoch() -> None:
        classifier.fit(flat, labels)

    return epoch


def our_classic() -> Callable[[], None]:
    """Prepare `classic`, which makes a step with each example."""
    recipe = replace(CLASSIC, epochs=MANY_EPOCHS)
    x, labels = pictures(recipe, CLASSIC_PICTURES)
    batches = Batches(x, labels, size=1, seed=0, shuffle=False)
    records = training.fit(recipe, batches, training.init_state(recipe, seed=0))

    def epoch() -> None:
        next(records)

    return epoch


# The rows


def steps_row(name: str, threads: int) -> Comparison:
    """Compare training steps of a recipe."""
    settings = {"name": name, "steps": STEPS[name]}
    theirs = settings | {"threads": threads}
    return Comparison(
        work=f"`{name}`, training step of {BATCH} pictures",
        contenders={
            "inkdigits": Contender("training:our_steps", settings, threads),
            "PyTorch": Contender("training:torch_steps", theirs, threads),
        },
        per_call=STEPS[name],
        tolerance=1e-3,
        memory=True,
    )


def epoch_row(name: str, threads: int) -> Comparison:
    """Compare epochs of a recipe with its augmentation."""
    theirs = {"name": name, "threads": threads}
    return Comparison(
        work=f"`{name}`, an epoch of {EPOCH_PICTURES:,} pictures with augmentation",
        contenders={
            "inkdigits": Contender("training:our_epoch", {"name": name}, threads),
            "PyTorch": Contender("training:torch_epoch", theirs, threads),
        },
        rounds=7,
    )


def plain_row(threads: int) -> Comparison:
    """Compare epochs of the plain network."""
    return Comparison(
        work=f"784-128-64-10 without augmentation, an epoch of {PLAIN_PICTURES:,} pictures",
        contenders={
            "inkdigits": Contender("training:our_plain", {}, threads),
            "PyTorch": Contender(
                "training:torch_plain", {"threads": threads, "fused": False}, threads
            ),
            "PyTorch, fused optimizer": Contender(
                "training:torch_plain", {"threads": threads, "fused": True}, threads
            ),
            "scikit-learn": Contender("training:scikit_learn_plain", {}, threads),
        },
        rounds=5,
    )


CLASSIC_ROW = Comparison(
    work=f"`classic`, training on one picture (the write-up's loop: {WRITE_UP_US} us)",
    contenders={"inkdigits": Contender("training:our_classic")},
    per_call=CLASSIC_PICTURES,
    rounds=5,
)


def comparisons() -> list[Comparison]:
    """Return the rows."""
    both = (1, 2)
    return [
        *itertools.starmap(steps_row, itertools.product(("mlp", "cnn-small"), both)),
        *(epoch_row("mlp", threads) for threads in both),
        *map(plain_row, both),
        CLASSIC_ROW,
    ]


if __name__ == "__main__":
    run("training", comparisons(), __doc__)
