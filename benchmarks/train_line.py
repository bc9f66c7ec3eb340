"""Train the line network of `inkdigits.numbers` and save it.

benchmarks/number_recognition.py calibrates it.

It is made as the shipped one: of the writers that the recipes train on, none of whom writes
anything in the benchmark.
"""

import argparse
import pickle
import time
from pathlib import Path

import numpy as np

from inkdigits.data import mnist, outliers, pendigits, unipen, unipen_numbers
from inkdigits.data.number_strings import hands
from inkdigits.data.split import split_by_writer
from inkdigits.data.traces import select_writers
from inkdigits.numbers import training
from inkdigits.numbers.line_model import LineModel, load_line_model, save_line_model
from inkdigits.recipes import CNN_SMALL

LINES = 100_000
OUTLIERS = 20_000
SEED = 0


def load_source(seed: int = SEED) -> training.Source:
    """Load the training digits and numbers, and draw outliers."""
    digits = split_by_writer(mnist.load("train"), CNN_SMALL.validation, seed)[0]
    pens = select_writers(pendigits.load(), pendigits.TRAINING_WRITERS)
    tablets = unipen.select_contributors(unipen.load(), unipen.TRAINING_CONTRIBUTORS)
    writers = [*hands(digits), *hands(pens), *hands(tablets)]
    numbers = unipen_numbers.load(unipen_numbers.TRAINING_CONTRIBUTORS)
    drawn = outliers.make(
        OUTLIERS, seed, digits.images, digits.labels, kinds=outliers.WITHOUT_DIGITS
    )
    return training.Source(writers, numbers, drawn)


def main() -> None:
    """Train, and save the network after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="file of the network")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--epochs", type=int, default=training.LineTraining.epochs)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="file to keep the lines in")
    arguments = parser.parse_args()
    lines = made_lines(arguments)
    print(f"{len(lines)} lines", flush=True)
    network = training.line_network()
    settings = training.LineTraining(epochs=arguments.epochs)
    start = time.perf_counter()
    rng = np.random.default_rng(arguments.seed)
    for epoch, (loss, vector) in enumerate(training.fit(network, lines, settings, rng), 1):
        provenance = {"lines": len(lines), "epochs": epoch, "seed": arguments.seed, "loss": loss}
        model = LineModel(
            network.inference_network, vector, load_line_model().calibration, provenance
        )
        save_line_model(arguments.output, model)
        minutes = (time.perf_counter() - start) / 60
        print(f"epoch {epoch}: loss {loss:.4f}, {minutes:.1f} min", flush=True)


def made_lines(arguments: argparse.Namespace) -> list[training.Line]:
    """Make the lines, or load those that were made before."""
    if arguments.cache and arguments.cache.exists():
        cached: list[training.Line] = pickle.loads(arguments.cache.read_bytes())
        return cached
    lines: list[training.Line] = []
    source = load_source(arguments.seed)
    for chunk in training.make_lines(source, arguments.lines, arguments.seed, arguments.workers):
        lines += chunk
        print(f"\r{len(lines)} lines made", end="", flush=True)
    if arguments.cache:
        arguments.cache.write_bytes(pickle.dumps(lines))
    return lines


if __name__ == "__main__":
    main()
