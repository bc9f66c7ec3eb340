"""The variants of the recipe, and what is measured on each."""

from dataclasses import fields, replace

import ablation
import numpy as np
import pytest
from evaluation_data import DRAWINGS, MADE, MADE_DIGITS, PENDIGITS, UNIPEN, DevelopmentSet

from inkdigits import Recognizer
from inkdigits.recipes import CNN_SMALL
from inkdigits.training_data import only_mnist


@pytest.mark.parametrize("name", ablation.VARIANTS)
def test_every_variant_but_the_full_recipe_leaves_something_out(name):
    variant = replace(CNN_SMALL, **ablation.VARIANTS[name])
    names = [field.name for field in fields(CNN_SMALL)]
    changed = {name for name in names if getattr(variant, name) != getattr(CNN_SMALL, name)}
    assert changed == set(ablation.VARIANTS[name])
    assert bool(changed) == (name != ablation.FULL)


def test_mnist_alone_has_neither_other_data_sets_nor_made_or_restroked_digits():
    variant = replace(CNN_SMALL, **ablation.VARIANTS["MNIST alone"])
    assert variant == only_mnist(variant)
    assert (variant.made_digits, variant.restroked) == (0, 0)


def test_accuracy_is_measured_by_source(digits):
    """The digits of half of the pen writers, and of one kind of made digits, have wrong labels."""
    recognizer, few = Recognizer.load(), digits.take(slice(20))
    candidates = list(recognizer.preprocess_mnist(few.images)[:, None])
    wrong = (few.labels + 1) % 10
    writers = np.repeat([21, 22], 10)
    half_wrong = np.where(writers == 22, wrong, few.labels)
    sets = {
        PENDIGITS: DevelopmentSet(candidates, half_wrong, writers),
        **dict.fromkeys(UNIPEN.values(), DevelopmentSet(candidates, few.labels, writers)),
        **dict.fromkeys(MADE, DevelopmentSet(candidates, few.labels, None)),
        MADE[0]: DevelopmentSet(candidates, wrong, None),
    }
    accuracies = ablation.accuracies(recognizer, few, sets, count=5)
    assert accuracies["MNIST validation"] == 1
    assert accuracies[PENDIGITS] == 0.5
    assert accuracies[ablation.WORST_WRITER] == 0
    assert [accuracies[name] for name in UNIPEN.values()] == [1, 1, 1]
    assert accuracies[MADE_DIGITS] == pytest.approx(1 - 1 / len(MADE))
    assert list(accuracies)[-1] == DRAWINGS
