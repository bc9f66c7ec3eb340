"""Training: takes batches, updates parameters, yields steps and epochs; no files, no printing."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import numpy as np

from inkdigits.arrays import Array, Generator, Labels, to_device
from inkdigits.batch_share import WHOLE_BATCH, Share
from inkdigits.inference import forward_batches, may_overflow
from inkdigits.nn.losses import softmax_cross_entropy
from inkdigits.nn.network import Network, NetworkParams
from inkdigits.nn.optimizers import Optimizer
from inkdigits.nn.schedules import Schedule

STATISTICS_BATCHES = 40  # on which batch normalization's final mean and variance are measured


class TrainingSettings(Protocol):
    """What training uses of a recipe: see `recipes.Recipe`, whose networks take 28x28 images."""

    @property
    def network(self) -> Network:
        """The network, for inputs of any shape."""

    @property
    def optimizer(self) -> Optimizer:
        """The update rule."""

    @property
    def schedule(self) -> Schedule:
        """The learning rate of each step."""

    @property
    def target_table(self) -> Array:
        """The target distribution of each class, float32 (C, C)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, without the one for non-digits."""

    @property
    def epochs(self) -> int:
        """Passes over the training images."""

    @property
    def ema_decay(self) -> float:
        """Decay of the moving average of the weights; 0 to use the weights themselves."""


class Batches(Protocol):
    """The training images, in the order of each epoch."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield images, float32 (N, 28, 28), and labels, (N,), of an epoch from `first_step` on."""

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the images of `count` batches, always the same."""


class DivergenceError(ArithmeticError):
    """Training has diverged: the loss or a parameter is NaN, infinite or too large for float32."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss is NaN or infinite at step {step}")
        self.step = step


@dataclass
class Tally:
    """Sums over the steps of the current epoch."""

    examples: int = 0
    loss: float = 0.0
    correct: int = 0
    seconds: float = 0.0

    def add(self, examples: int, loss: float, correct: int, seconds: float) -> None:
        """Add a step, by its examples and their mean loss."""
        self.examples += examples
        self.loss += loss * examples
        self.correct += correct
        self.seconds += seconds


@dataclass
class TrainState:
    """Everything that training needs to continue: it can stop and be saved after any step.

    params           float32 (P,), on the device that trains, like the next two
    optimizer_state  float32 (V, P)
    ema              float32 (P,), the exponential moving average of the parameters; the parameters
                     themselves if the recipe has no moving average
    rng              draws dropout masks
    step             number of the next step, over all epochs
    """

    params: Array
    optimizer_state: Array
    ema: Array
    rng: Generator
    step: int = 0
    tally: Tally = field(default_factory=Tally)

    @property
    def has_ema(self) -> bool:
        """Whether the average is a vector of its own."""
        return self.ema is not self.params


@dataclass(frozen=True)
class Record:
    """The results of one epoch.

    loss, accuracy                        over the training images, each before its own step
    validation_loss, validation_accuracy  after the epoch; None without validation digits
    learning_rate                         of the last step
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float


def init_state(recipe: TrainingSettings, seed: int) -> TrainState:
    """Draw the initial parameters, on the CPU."""
    rng = np.random.default_rng(seed)
    params = recipe.network.init(rng)
    optimizer_state = np.zeros((recipe.optimizer.state_vectors, len(params)), np.float32)
    ema = params.copy() if recipe.ema_decay else params
    return TrainState(params, optimizer_state, ema, rng)


def state_to_device(state: TrainState, device: str) -> TrainState:
    """Move the arrays of a state to a device: see arrays.to_device."""
    params = to_device(state.params, device)
    return replace(
        state,
        params=params,
        optimizer_state=to_device(state.optimizer_state, device),
        ema=to_device(state.ema, device) if state.has_ema else params,
    )


class Step(NamedTuple):
    """One step that has just been made.

    number         of the step, from 0
    examples       images in its batch
    loss, correct  mean loss of its batch, and correct predictions in it, both before the step
    learning_rate  of the step
    gradient       float32 (P,); the next step overwrites it
    """

    number: int
    examples: int
    loss: float
    correct: int
    learning_rate: float
    gradient: Array


class Epoch(NamedTuple):
    """One epoch that has just ended.

    vector   float32 (P,), the parameters of the inference network that was validated; None without
             validation images
    """

    record: Record
    vector: Array | None


def fit(
    recipe: TrainingSettings,
    batches: Batches,
    state: TrainState,
    validation: tuple[Array, Labels] | None = None,
) -> Iterator[Record]:
    """Train from the state's step to the end of the recipe's last epoch.

    `state` is updated in place and is consistent between any two steps: the batches may stop
    training by raising an exception instead of yielding the next one.

    validation  images, float32 (N, 28, 28), and labels that are never trained on
    raises      DivergenceError if the loss becomes NaN or infinite
    """
    for done in steps(recipe, batches, state, validation):
        if isinstance(done, Epoch):
            yield done.record


def steps(
    recipe: TrainingSettings,
    batches: Batches,
    state: TrainState,
    validation: tuple[Array, Labels] | None = None,
    share: Share = WHOLE_BATCH,
) -> Iterator[Step | Epoch]:
    """Train as `fit` does, and yield after each step, and once more after the last of an epoch.

    Whoever iterates may pause or stop after any of them. A new iterator goes on from the state,
    also with another schedule; if the epoch before it lacks its record, that is yielded first.

    The arguments and errors are those of `fit`, and:

    share    of each batch, if other processes compute the rest of it
    """
    size = len(batches)
    targets = np.asarray(recipe.target_table, like=state.params)
    gradient = np.empty_like(state.params)
    params, grads = (recipe.network.layer_params(vector) for vector in (state.params, gradient))
    total = size * recipe.epochs
    learning_rate = None
    while state.step < total or state.tally.examples:
        number, first_step = divmod(state.step, size)
        is_complete = not first_step and state.tally.examples
        since = time.perf_counter()
        for x, labels in () if is_complete else batches.epoch(number, first_step):
            learning_rate = recipe.schedule(state.step, total)
            loss, correct, examples = _step(
                *(recipe, state, share, learning_rate, x, labels, targets[labels]),
                *(params, grads, gradient),
            )
            state.tally.add(examples, loss, correct, time.perf_counter() - since)
            yield Step(state.step - 1, examples, loss, correct, learning_rate, gradient)
            since = time.perf_counter()
        if learning_rate is None:
            learning_rate = recipe.schedule(state.step - 1, total)
        yield _end_epoch(recipe, batches, state, validation, learning_rate)


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError reports it
def _step(
    recipe: TrainingSettings,
    state: TrainState,
    share: Share,
    learning_rate: float,
    x: Array,
    labels: Labels,
    targets: Array,
    params: NetworkParams,
    grads: NetworkParams,
    gradient: Array,
) -> tuple[float, int, int]:
    """Train on one batch; return its mean loss, correct predictions and number of examples.

    targets        float32 (N, C), of each image
    params, grads  views of the state's parameters, and of the gradient, which is overwritten
    """
    examples = share.examples(state.step, len(x))
    logits, backward = recipe.network.forward(params, x, state.rng)
    loss, backward_loss = softmax_cross_entropy(logits, targets, examples)
    backward(backward_loss(), grads)
    correct = int(np.count_nonzero(logits.argmax(axis=1) == labels))
    loss, correct = share.total(gradient, loss, correct)
    if not math.isfinite(loss):
        raise DivergenceError(state.step)
    recipe.optimizer.step(state.params, gradient, state.optimizer_state, learning_rate, state.step)
    if recipe.ema_decay:
        _update_ema(state, recipe.ema_decay)
    state.step += 1
    return loss, correct, examples


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError reports it
def _end_epoch(
    recipe: TrainingSettings,
    batches: Batches,
    state: TrainState,
    validation: tuple[Array, Labels] | None,
    learning_rate: float,
) -> Epoch:
    """Validate, and make the record of the epoch from its tally, which is then cleared."""
    vector, validation_loss, validation_accuracy = None, None, None
    if validation is not None:
        vector = inference_params(recipe, batches, state)
        validation_loss, validation_accuracy = evaluate(recipe, vector, *validation)
        if not math.isfinite(validation_loss):
            raise DivergenceError(state.step)
    tally, state.tally = state.tally, Tally()
    record = Record(
        epoch=state.step // len(batches),
        loss=tally.loss / tally.examples,
        accuracy=tally.correct / tally.examples,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        learning_rate=learning_rate,
        seconds=tally.seconds,
        images_per_second=tally.examples / tally.seconds,
    )
    return Epoch(record, vector)


def _update_ema(state: TrainState, decay: float) -> None:
    """Move the average towards the parameters; faster at first, to forget the initial weights.

    source   Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging
    """
    decay = min(decay, (1 + state.step) / (10 + state.step))
    difference = state.params - state.ema
    difference *= 1 - decay
    state.ema += difference


@np.errstate(over="ignore", invalid="ignore")  # DivergenceError reports it
def inference_params(recipe: TrainingSettings, batches: Batches, state: TrainState) -> Array:
    """Return the parameters of the inference network at this point of training.

    returns  float32 (P,) of `recipe.network.inference_network`
    raises   DivergenceError if the weights are so large that some image would overflow float32
    """
    vector = recipe.network.fold_batch_norm(state.ema, batches.sample(STATISTICS_BATCHES))
    if may_overflow(recipe.network.inference_network, vector):
        raise DivergenceError(state.step)
    return vector


def evaluate(
    recipe: TrainingSettings, vector: Array, x: Array, labels: Labels
) -> tuple[float, float]:
    """Compute the recipe's loss and the accuracy on digits that are not trained on.

    vector   float32 (P,), as `inference_params` returns it
    """
    network = recipe.network.inference_network
    logits = forward_batches(network, network.layer_params(vector), x)
    targets = np.asarray(recipe.target_table, like=vector)
    loss, _ = softmax_cross_entropy(logits, targets[labels])
    right = logits[:, : len(recipe.classes)].argmax(axis=1) == labels
    return loss, int(np.count_nonzero(right)) / len(x)
