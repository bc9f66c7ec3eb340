"""Helpers for the tests of sweeps: a tiny recipe, its data, and trials that are made of it."""

from dataclasses import replace

from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.recipes import MLP
from inkdigits.scale.search_space import make_trials
from inkdigits.training_data import Sources, only_mnist

TINY = replace(
    only_mnist(MLP),
    name="tiny",
    network=Network((Flatten(), Dense(784, 16), ReLU(), Dense(16, 10))),
    made_digits=0,
    outliers=0.0,
    augment=None,
    batch_size=32,
    epochs=3,
    validation=0.25,
)


def sources_from(digits, count=200):
    """Digits to train on and to validate on."""
    return Sources(digits.take(slice(count)), {}, None, {})


def broken_sources_from(digits):
    """Traces of a data set that no recipe knows."""
    return Sources(digits.take(slice(200)), {"Unknown": digits}, None, {})


def trials_with(*settings):
    return make_trials(TINY, settings)


def files_in(folder):
    """The names of a run's files, without the lock."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
