"""Comparing models: settings, pairs, and the images on which they differ."""

import numpy as np
import pytest
from untrained import untrained

from inkdigits.comparison import (
    UNSET,
    Answers,
    answer,
    brief,
    compare_pairs,
    differing_images,
    differing_settings,
    score,
)
from inkdigits.metrics import McNemar, wilson_interval
from inkdigits.recipes import MLP
from inkdigits.recognizer import Recognizer

LABELS = np.array([0, 1, 2, 3, 4, 5])


def answers(*predicted, confidence=0.5, rejected=()):
    confidence = np.broadcast_to(np.asarray(confidence, float), len(predicted))
    return Answers(np.array(predicted), confidence, np.isin(np.arange(len(predicted)), rejected))


A = answers(0, 1, 2, 3, 9, 9, rejected=[5])
B = answers(0, 1, 7, 3, 4, 8, confidence=[0.5, 0.5, 0.9, 0.5, 0.5, 0.99])
C = answers(0, 6, 2, 3, 4, 9, confidence=[0.5, 0.95, 0.5, 0.5, 0.5, 0.5])


def test_answers_are_the_most_likely_classes(digits):
    recognizer = Recognizer(untrained(), "untrained")
    images = digits.images[:50]
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(images))
    given = answer(recognizer, images)
    np.testing.assert_array_equal(given.predicted, batch.probabilities.argmax(axis=1))
    np.testing.assert_array_equal(given.confidence, batch.probabilities.max(axis=1))
    np.testing.assert_array_equal(given.rejected, batch.rejected)


def test_score_counts_rejected_images_by_their_most_likely_class():
    result = score(A, LABELS)
    assert (result.total, result.correct, result.accuracy, result.rejected) == (6, 4, 4 / 6, 1)
    assert result.interval == wilson_interval(4, 6)


def test_each_pair_is_tested():
    pairs = compare_pairs([A, B, C], LABELS)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert [pair.test for pair in pairs] == [McNemar(1, 1, 1.0)] * 3


def test_images_that_differ_are_sorted_by_the_most_confident_mistake():
    """Those that all models get wrong come last."""
    assert differing_images([A, B, C], LABELS).tolist() == [1, 2, 4, 5]
    assert differing_images([A, A], LABELS).tolist() == []


def test_only_settings_that_differ_are_found():
    one = {"seed": 0, "recipe": {"epochs": 3, "name": "mlp"}, "data": {"a": "x"}, "limit": None}
    two = {"seed": 0, "recipe": {"epochs": 3.0, "name": "cnn"}, "data": {"b": "y"}, "limit": 5}
    assert differing_settings([one, two]) == {
        "recipe.epochs": (3, 3.0),
        "recipe.name": ("mlp", "cnn"),
        "data.a": ("x", UNSET),
        "limit": (None, 5),
        "data.b": (UNSET, "y"),
    }
    assert differing_settings([one, one, one]) == {}
    assert differing_settings([{}, {"seed": 0}]) == {"seed": (UNSET, 0)}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Dense(64, 11)"),
        ({"outputs": 7}, "Dense(64, 7)"),
        ({"bias": False}, "Dense(64, 11, bias=False)"),
        ({"initializer": {"type": "glorot"}}, "Dense(64, 11, initializer=glorot)"),
    ],
    ids=str,
)
def test_layers_are_written_in_short(changes, text):
    recipe, other = MLP.to_json(), MLP.to_json()
    other["network"]["layers"].pop()
    other["network"]["layers"].append(recipe["network"]["layers"][-1] | changes)
    other["network"]["layers"].insert(0, {"type": "Dropout", "rate": 0.5})
    (settings,) = differing_settings([{"recipe": recipe}, {"recipe": other}]).items()
    name, (_, value) = settings
    assert name == "recipe.network.layers"
    assert value.startswith("Dropout(0.5), Flatten(), Dense(784, 128), BatchNorm(128), ReLU(), ")
    assert value.endswith(f"ReLU(), {text}")


@pytest.mark.parametrize("layers", [[], [1], ["x"], [{}], {"a": 1}, 3], ids=str)
def test_settings_of_any_form_are_compared(layers):
    settings = differing_settings([{"recipe": {"network": {"layers": layers}}}, {}])
    assert len(settings) == 1


def test_hashes_are_shortened():
    assert brief("5e" * 32) == "5e5e5e5e5e5e..."
    assert brief(0.5) == "0.5"
