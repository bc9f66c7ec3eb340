"""Train the line network: what it learns from, its layers, and the loop."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.number_lines import example
from inkdigits.data.number_strings import Hand
from inkdigits.data.unipen_numbers import NumberTrace
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.ctc import ctc_loss
from inkdigits.nn.layers import BatchNorm, ReLU
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.nn.schedules import OneCycle
from inkdigits.nn.sequences import Columns, Conv1D, MaxPoolRows
from inkdigits.numbers.line import normalize_line
from inkdigits.numbers.line_model import ROOM, SYMBOLS
from inkdigits.worker_pool import map_in_processes

CHUNK = 250  # lines that a process makes at a time
MEASURED_BATCHES = 30  # over which batch normalization's statistics are averaged

Line: TypeAlias = tuple[Pixels, str]  # uint8 (32, W), and its text


def line_network(
    channels: tuple[int, int, int, int] = (16, 32, 64, 80), width: int = 128
) -> Network:
    """Return the layers of a line network.

    channels  of the convolutions, which halve the line's length once, and make 3 rows of its 32
    width     channels of the sequence
    """
    first, second, third, fourth = channels
    return Network(
        (
            AddChannel(),
            *(Conv2D(1, first), BatchNorm(first), MaxPool2D(), ReLU()),
            *(Conv2D(first, second), BatchNorm(second), ReLU()),
            *(Conv2D(second, third), BatchNorm(third), ReLU()),
            *(Conv2D(third, fourth), BatchNorm(fourth), MaxPoolRows(3), ReLU(), Columns()),
            *(Conv1D(3 * fourth, width), BatchNorm(width), ReLU()),
            *(Conv1D(width, width, kernel_size=5), BatchNorm(width), ReLU()),
            Conv1D(width, 1 + len(SYMBOLS), kernel_size=1),
        )
    )


@dataclass(frozen=True)
class LineTraining:
    """How the network is trained.

    peak          of the learning rate
    weight_decay  as AdamW takes it
    max_norm      of a gradient; a longer one is shortened
    average       how slowly the moving average of the weights, which is kept, follows at the end
    """

    epochs: int = 10
    batch_size: int = 48
    peak: float = 0.003
    weight_decay: float = 0.01
    max_norm: float = 5.0
    average: float = 0.999


@dataclass(frozen=True, eq=False)
class Source:
    """What lines are made from; see `data.number_lines.example`."""

    writers: Sequence[Hand]
    numbers: Sequence[NumberTrace]
    outliers: Pixels


def make_lines(source: Source, count: int, seed: int, workers: int = 1) -> Iterator[list[Line]]:
    """Make lines of text, some at a time; the same for any number of processes.

    count    of the lines, of which a few are left out: they have more symbols than columns
    workers  processes to use
    """
    calls = [(first, range(first, min(first + CHUNK, count))) for first in range(0, count, CHUNK)]
    yield from map_in_processes(partial(_make, source=source, seed=seed), calls, workers)


def _make(first: int, numbers: range, source: Source, seed: int) -> list[Line]:
    lines = []
    for number in numbers:
        rng = np.random.default_rng((seed, number))
        ink, text = example(source.writers, source.numbers, source.outliers, rng)
        line = normalize_line(ink)
        if line is not None and _needed(text) <= _columns(line.pixels.shape[1]):
            lines.append((line.pixels, text))
    return lines


def fit(
    network: Network, lines: Sequence[Line], settings: LineTraining, rng: Generator
) -> Iterator[tuple[float, Array]]:
    """Train on lines.

    yields   after each epoch the mean loss, and the parameters of the inference network, float32
             (P,), a moving average over the steps
    source   docs/numbers.md
    """
    vector = network.init(rng)
    average, gradient = vector.copy(), np.zeros_like(vector)
    optimizer = AdamW(weight_decay=settings.weight_decay)
    state = np.zeros((2, len(vector)), np.float32)
    schedule = OneCycle(peak=settings.peak)
    params, gradients = network.layer_params(vector), network.layer_params(gradient)
    step, steps = 0, settings.epochs * math.ceil(len(lines) / settings.batch_size)
    for _ in range(settings.epochs):
        losses = []
        batches = _batches(lines, settings.batch_size, rng)
        for batch in batches:
            x, lengths = to_batch([augment(line, rng) for line, _ in batch])
            targets = [[1 + SYMBOLS.index(symbol) for symbol in text] for _, text in batch]
            # Augmentation may have made a line too short for its text.
            needed = np.array([_needed(text) for _, text in batch])
            logits, backward = network.forward(params, x, rng)
            lengths = np.minimum(np.maximum(lengths, needed), logits.shape[1])
            loss, backward_loss = ctc_loss(logits, targets, lengths)
            backward(backward_loss(), gradients)
            gradient *= min(1.0, settings.max_norm / max(float(np.linalg.norm(gradient)), 1e-9))
            optimizer.step(vector, gradient, state, schedule(step, steps), step)
            step += 1
            average += (1 - min(settings.average, (1 + step) / (10 + step))) * (vector - average)
            losses.append(loss)
        measured = (
            to_batch([line for line, _ in batch])[0] for batch in batches[:MEASURED_BATCHES]
        )
        yield float(np.mean(losses)), network.fold_batch_norm(average, measured)


def to_batch(lines: Sequence[Pixels]) -> tuple[Array, Array]:
    """Put lines of different lengths into one array, with columns without ink around them.

    returns  float32 (N, 32, W), ink in [0, 1]; and int (N,), how many columns of the network's
             output belong to each line
    """
    longest = max(line.shape[1] for line in lines)
    x = np.zeros((len(lines), len(lines[0]), longest + 2 * ROOM), np.float32)
    for row, line in zip(x, lines, strict=True):
        row[:, ROOM : ROOM + line.shape[1]] = line
    x /= 255
    return x, np.array([_columns(line.shape[1]) for line in lines])


def augment(line: Pixels, rng: Generator) -> Pixels:
    """Stretch and slant a line a little, move it up or down, make its ink paler; or none of it.

    line     uint8 (32, W)
    returns  uint8 (32, w)
    """
    if rng.random() < 0.6:
        height, width = line.shape
        scale, aspect = math.exp(rng.normal(0, 0.07)), math.exp(rng.normal(0, 0.1))
        slant, down = rng.normal(0, 0.1), rng.normal(0, 1)
        middle = height / 2
        new_width = max(8, int(width * scale * aspect + abs(slant) * height))
        left = -slant * middle + (new_width - width * scale * aspect) / 2
        matrix = [[scale * aspect, slant, left], [0, scale, middle - middle * scale + down]]
        line = cv2.warpAffine(line, np.array(matrix, np.float32), (new_width, height))
    if rng.random() < 0.3:
        line = np.clip(line * np.float32(rng.uniform(0.7, 1.1)), 0, 255).astype(np.uint8)
    return line


def _batches(lines: Sequence[Line], size: int, rng: Generator) -> list[list[Line]]:
    """Draw batches of lines of similar lengths, in random order."""
    widths = np.array([line.shape[1] for line, _ in lines])
    order = np.argsort(widths * np.exp(rng.normal(0, 0.15, len(widths))))
    batches = [
        [lines[place] for place in order[start : start + size].tolist()]
        for start in range(0, len(order), size)
    ]
    return [batches[place] for place in rng.permutation(len(batches)).tolist()]


def _columns(width: int) -> int:
    """Return how many columns of the network's output belong to a line of this width."""
    return (width + 2 * ROOM - 2) // 2 - 6


def _needed(text: str) -> int:
    """Return how many columns a text needs: one for each symbol, one more between equal ones."""
    return len(text) + sum(a == b for a, b in pairwise(text))
