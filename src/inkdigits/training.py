"""Training: takes batches, changes parameters, yields a record an epoch; no files, no printing."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from inkdigits.arrays import Array, Generator, Labels, to_device
from inkdigits.inference import forward_batches, may_overflow
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.recipes import CLASSES, Recipe

STATISTICS_BATCHES = 40  # that batch normalization's means and variances are measured on at last
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
class TrainState:
    """All that training must know to go on: it can stop after any step, and be kept.

    params   float32 (P,), on the device that trains
    optimizer_state   float32 (V, P), what the optimizer remembers, on the same
    average  float32 (P,), of the parameters over the latest steps, on the same; the parameters
             themselves if the recipe does not average
    rng      draws what the layers forget (dropout)
    step     number of the next step, over all epochs
    """

    params: Array
    optimizer_state: Array
    ema: Array
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


def init_state(recipe: Recipe, seed: int) -> TrainState:
    """Draw the parameters that training starts from; they are NumPy's, on the CPU."""
    rng = np.random.default_rng(seed)
    params = recipe.network.init(rng)
    optimizer_state = np.zeros((recipe.optimizer.state_vectors, len(params)), np.float32)
    ema = params.copy() if recipe.ema_decay else params
    return TrainState(params, optimizer_state, ema, rng)


def on_device(state: TrainState, device: str) -> TrainState:
    """Bring the arrays of `state` to where training is to compute: see arrays.to_device."""
    params = to_device(state.params, device)
    ema_decay = state.ema is not state.params
    return replace(
        state,
        params=params,
        optimizer_state=to_device(state.optimizer_state, device),
        ema=to_device(state.ema, device) if ema_decay else params,
    )


def fit(
    recipe: Recipe,
    batches: Batches,
    state: TrainState,
    validation: tuple[Array, Labels] | None = None,
) -> Iterator[Record]:
    """Train from where `state` stands to the end of the recipe's last epoch.

    `state` is changed in place, and is whole between any two steps: whoever hands out the
    batches may stop training by raising an exception instead of giving the next one.

    validation  pictures, float32 (N, 28, 28), and labels that are never trained on
    raises      DivergenceError if the loss becomes infinite or not a number
    """
    while state.step < len(batches) * recipe.epochs:
        yield _fit_epoch(recipe, batches, state, validation)


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError says it
def _fit_epoch(
    recipe: Recipe,
    batches: Batches,
    state: TrainState,
    validation: tuple[Array, Labels] | None,
) -> Record:
    """Train to the end of the epoch that `state` is in."""
    network, optimizer = recipe.network, recipe.optimizer
    targets = np.asarray(recipe.targets, like=state.params)
    gradient = np.empty_like(state.params)
    params, grads = network.layer_params(state.params), network.layer_params(gradient)
    steps = len(batches) * recipe.epochs
    epoch, first_step = divmod(state.step, len(batches))
    tally = state.tally

    since = time.perf_counter()
    for x, labels in batches.epoch(epoch, first_step):
        logits, backward = network.forward(params, x, state.rng)
        loss, backward_loss = softmax_cross_entropy(logits, targets[labels])
        if not math.isfinite(loss):
            raise DivergenceError(state.step)
        backward(backward_loss(), grads)
        learning_rate = recipe.schedule(state.step, steps)
        optimizer.step(state.params, gradient, state.optimizer_state, learning_rate, state.step)
        if recipe.ema_decay:
            _update_ema(state, recipe.ema_decay)

        state.step += 1
        tally.examples += len(x)
        tally.loss += loss * len(x)
        tally.correct += int(np.count_nonzero(logits.argmax(axis=1) == labels))
        now = time.perf_counter()
        tally.seconds += now - since
        since = now

    validation_loss, validation_accuracy = None, None
    if validation is not None:
        vector = inference_params(recipe, batches, state)
        validation_loss, validation_accuracy = evaluate(recipe, vector, *validation)
        if not math.isfinite(validation_loss):
            raise DivergenceError(state.step)
    state.tally = Tally()
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


def _update_ema(state: TrainState, decay: float) -> None:
    """Draw the running mean towards the parameters; at first faster, to forget the beginning.

    source   Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging
    """
    decay = min(decay, (1 + state.step) / (10 + state.step))
    state.ema += (1 - decay) * (state.params - state.ema)


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError says it
def inference_params(recipe: Recipe, batches: Batches, state: TrainState) -> Array:
    """Give the parameters of the network that reads, as training stands.

    returns  float32 (P,) of `recipe.network.inference_network`
    raises   DivergenceError if the parameters are so large that a picture could overflow float32
    """
    vector = recipe.network.fold_batch_norm(state.ema, batches.sample(STATISTICS_BATCHES))
    if may_overflow(recipe, vector):
        raise DivergenceError(state.step)
    return vector


def evaluate(recipe: Recipe, vector: Array, x: Array, labels: Labels) -> tuple[float, float]:
    """Measure the recipe's own loss, and the accuracy, on digits that are not trained on.

    vector   float32 (P,), as `inference_params` gives it
    """
    logits = forward_batches(recipe, recipe.network.inference_network.layer_params(vector), x)
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


def fit_rejection_threshold(rejection_scores: Array) -> float:
    """Find the doubt above which pictures are refused, so that a few real digits are, REFUSED.

    rejection_scores   float (N,), of digits that were not trained on
    """
    return float(np.quantile(rejection_scores, 1 - REFUSED))
