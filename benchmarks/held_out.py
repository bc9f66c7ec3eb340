"""Digits that a model has not learnt from: the test digits, or those that its training kept out."""

from inkdigits import Recognizer
from inkdigits.data import mnist
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.models import RECIPES

SEED = 0  # of the models that ship


def digits_of(name: str, recognizer: Recognizer) -> Digits:
    """Load MNIST's test digits, to report, or validation digits, to choose by.

    name   "test" or "validation"
    """
    if name == "test":
        return mnist.load("test")
    validation = RECIPES[recognizer.model.recipe].validation
    return split_by_writer(mnist.load("train"), validation, SEED)[1]
