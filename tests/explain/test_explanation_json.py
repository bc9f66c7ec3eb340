"""Explanations as JSON: shapes, the number of digits, and what is left out."""

import json

import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.explain import PARTS, explain
from inkdigits.explain.as_json import explanation_json, round_values

MAPS = ("saliency", "occlusion")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.123456, 4, "0.1235"),
        (-123456.0, 4, "-123500.0"),
        (99999.0, 4, "100000.0"),
        (1e-9 / 3, 4, "3.333e-10"),
        (0.1 + 0.2, 4, "0.3"),
        (1 / 3, 7, "0.3333333"),
        (0.0, 4, "0.0"),
        (1e-40, 4, "0.0"),
        (3e30, 4, "3e+30"),
    ],
)
def test_values_are_rounded_to_significant_digits(value, digits, text):
    assert json.dumps(round_values(np.array([value]), digits).tolist()) == f"[{text}]"


def test_rounding_changes_no_value_by_more_than_half_of_its_last_digit():
    values = np.random.default_rng(0).normal(size=8300) * 10.0 ** np.arange(-46, 37).repeat(100)
    rounded = round_values(values.astype(np.float32))
    expected = [float(f"{value:.3e}") for value in values.astype(np.float32)]
    small = np.abs(values) < 1e-30
    np.testing.assert_allclose(rounded[~small], np.array(expected)[~small], rtol=1e-15)


@pytest.mark.parametrize("model", ["cnn-small", "mlp", "classic"])
def test_arrays_are_flat_in_the_order_of_their_shapes(model):
    recognizer = Recognizer.load(model)
    explanation = explain(np.tri(60, 60, dtype=np.uint8) * 255, recognizer, parts=PARTS)
    content = json.loads(json.dumps(explanation_json(explanation), allow_nan=False))
    assert len(content["layers"]) == len(explanation.layers)
    pairs = [
        (layer["shape"], layer[name], getattr(explanation.layers[layer["index"]], name))
        for layer in content["layers"]
        for name in ("activation", "contribution")
    ]
    weights = content["weights"]
    pairs.append((weights["shape"], weights["values"], explanation.weights.values))
    pairs += [((28, 28), content[name], getattr(explanation, name)) for name in MAPS]
    for shape, flat, values in pairs:
        np.testing.assert_allclose(np.reshape(flat, shape), values, rtol=6e-4, atol=1e-30)
