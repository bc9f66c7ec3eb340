"""Training: takes batches, changes parameters, yields a record an epoch; no files, no printing."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from inkdigits.arrays import Array, Generator, Labels, to_device
from inkdigits.models import CLASSES, Recipe
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.reading import may_overflow, read_once

STATISTICS_BATCHES = 40  # that batch normalisation's means and variances are measured on at last
REFUSED = 0.004  # share of real digits that the threshold of doubt refuses


class Batches(Protocol):
    """The training pictures, in the order of each epoch."""

    def __len__(self) -> int:
        """The number of batches in an epoch."""

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """The pictures, float32 (N, 28, 28), and labels, (N,), of an epoch from `first_step` on."""

    def sample(self, count: int) -> Iterator[Array]:
        """The pictures of `count` batches, always the same."""


class DivergenceError(ArithmeticError):
    """The loss is no number any more; the parameters are those before the step."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss became infinite or not a number at step {step}")
        self.step = step


@dataclass
class Tally:
    """Sums over the steps of the epoch so far."""

    examples: int = 0
    loss: float = 0.0
    correct: int = 0
    seconds: float = 0.0


@dataclass
class Progress:
    """All that training must know to go on: it can stop after any step, and be kept.

    params   float32 (P,), on the device that trains
    memory   float32 (V, P), what the optimiser remembers, on the same
    average  float32 (P,), of the parameters over the latest steps, on the same; the parameters
             themselves if the recipe does not average
    rng      draws what the layers forget (dropout)
    step     number of the next step, over all epochs
    """

    params: Array
    memory: Array
    average: Array
    rng: Generator
    step: int = 0
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Record:
    """What one epoch came to.

    loss and accuracy             over the training pictures, each before it was trained on
    validation_loss and _accuracy of the pictures kept out, after the epoch; None without any
    learning_rate                 of the last step
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float


def start(recipe: Recipe, seed: int) -> Progress:
    """Draw the parameters that training starts from; they are NumPy's, on the CPU."""
    rng = np.random.default_rng(seed)
    params = recipe.network.init(rng)
    memory = np.zeros((recipe.optimizer.vectors, len(params)), np.float32)
    average = params.copy() if recipe.averaging else params
    return Progress(params, memory, average, rng)


def on_device(progress: Progress, device: str) -> Progress:
    """Bring the arrays of `progress` to where training is to compute: see arrays.to_device."""
    params = to_device(progress.params, device)
    averaging = progress.average is not progress.params
    return replace(
        progress,
        params=params,
        memory=to_device(progress.memory, device),
        average=to_device(progress.average, device) if averaging else params,
    )


def fit(
    recipe: Recipe,
    batches: Batches,
    progress: Progress,
    validation: tuple[Array, Labels] | None = None,
) -> Iterator[Record]:
    """Train from where `progress` stands to the end of the recipe's last epoch.

    `progress` is changed in place, and is whole between any two steps: whoever hands out the
    batches may stop training by raising an exception instead of giving the next one.

    validation  pictures, float32 (N, 28, 28), and labels that are never trained on
    raises      DivergenceError if the loss becomes infinite or not a number
    """
    while progress.step < len(batches) * recipe.epochs:
        yield _fit_epoch(recipe, batches, progress, validation)


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError says it
def _fit_epoch(
    recipe: Recipe,
    batches: Batches,
    progress: Progress,
    validation: tuple[Array, Labels] | None,
) -> Record:
    """Train to the end of the epoch that `progress` is in."""
    network, optimizer = recipe.network, recipe.optimizer
    targets = np.asarray(recipe.targets, like=progress.params)
    gradient = np.empty_like(progress.params)
    params, grads = network.views(progress.params), network.views(gradient)
    steps = len(batches) * recipe.epochs
    epoch, first_step = divmod(progress.step, len(batches))
    tally = progress.tally

    since = time.perf_counter()
    for x, labels in batches.epoch(epoch, first_step):
        logits, backward = network.forward(params, x, progress.rng)
        loss, backward_loss = softmax_cross_entropy(logits, targets[labels])
        if not math.isfinite(loss):
            raise DivergenceError(progress.step)
        backward(backward_loss(), grads)
        learning_rate = recipe.schedule(progress.step, steps)
        optimizer.step(progress.params, gradient, progress.memory, learning_rate, progress.step)
        if recipe.averaging:
            _average(progress, recipe.averaging)

        progress.step += 1
        tally.examples += len(x)
        tally.loss += loss * len(x)
        tally.correct += int(np.count_nonzero(logits.argmax(axis=1) == labels))
        now = time.perf_counter()
        tally.seconds += now - since
        since = now

    validation_loss, validation_accuracy = None, None
    if validation is not None:
        vector = finished(recipe, batches, progress)
        validation_loss, validation_accuracy = evaluate(recipe, vector, *validation)
        if not math.isfinite(validation_loss):
            raise DivergenceError(progress.step)
    progress.tally = Tally()
    return Record(
        epoch=epoch + 1,
        loss=tally.loss / tally.examples,
        accuracy=tally.correct / tally.examples,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        learning_rate=learning_rate,
        seconds=tally.seconds,
        images_per_second=tally.examples / tally.seconds,
    )


def _average(progress: Progress, decay: float) -> None:
    """Draw the running mean towards the parameters; at first faster, to forget the beginning.

    source   Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging
    """
    decay = min(decay, (1 + progress.step) / (10 + progress.step))
    progress.average += (1 - decay) * (progress.params - progress.average)


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError says it
def finished(recipe: Recipe, batches: Batches, progress: Progress) -> Array:
    """Give the parameters of the network that reads, as training stands.

    returns  float32 (P,) of `recipe.network.plain`
    raises   DivergenceError if the parameters are so large that a picture could overflow float32
    """
    vector = recipe.network.folded(progress.average, batches.sample(STATISTICS_BATCHES))
    if may_overflow(recipe, vector):
        raise DivergenceError(progress.step)
    return vector


def evaluate(recipe: Recipe, vector: Array, x: Array, labels: Labels) -> tuple[float, float]:
    """Measure the recipe's own loss, and the accuracy, on digits that are not trained on.

    vector   float32 (P,), as `finished` gives it
    """
    logits = read_once(recipe, recipe.network.plain.views(vector), x)
    targets = np.asarray(recipe.targets, like=vector)
    loss, _ = softmax_cross_entropy(logits, targets[labels])
    right = logits[:, :CLASSES].argmax(axis=1) == labels
    return loss, int(np.count_nonzero(right)) / len(x)


def fit_temperature(logits: Array, labels: Labels) -> float:
    """Find the temperature by which logits are divided to be as sure as they are right.

    It makes the cross-entropy least, which falls and then rises again as the temperature grows:
    golden-section search, on its logarithm.

    logits   float32 (N, C), of pictures that were not trained on, with no column but the digits'
    source   Guo, Pleiss, Sun and Weinberger 2017, On Calibration of Modern Neural Networks
    """
    targets = one_hot(logits.shape[1])[labels]
    golden = (math.sqrt(5) - 1) / 2

    def loss(log_temperature: float) -> float:
        return softmax_cross_entropy(logits / math.exp(log_temperature), targets)[0]

    low, high = math.log(0.05), math.log(20)
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return math.exp((low + high) / 2)


def fit_threshold(doubts: Array) -> float:
    """Find the doubt above which pictures are refused, so that a few real digits are, REFUSED.

    doubts   float (N,), of digits that were not trained on
    """
    return float(np.quantile(doubts, 1 - REFUSED))
