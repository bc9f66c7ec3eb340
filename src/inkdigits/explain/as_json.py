"""An explanation as JSON: the same for the service, the command line and programs."""

from dataclasses import asdict
from typing import Any

import numpy as np

from inkdigits.arrays import Array
from inkdigits.explain.explanation import (
    Box,
    Change,
    Explanation,
    Layer,
    Neighbor,
    RejectionExplanation,
    Step,
    UnitExplanation,
)
from inkdigits.imaging.decode import png_data_url
from inkdigits.recognizer import Prediction

DIGITS_SHOWN = 4  # significant digits of an array's values
UNIT_DIGITS = 7  # of those from which a unit is computed: as many as float32 has
_SMALLEST = 1e-30  # what is below it becomes 0


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Convert an explanation to JSON values.

    Arrays become flat lists in C order, rounded to 4 significant digits, and pictures PNG data
    URLs. Parts that were not asked for are None.

    returns  the object that docs/api.md describes, without its duration
    """
    return {
        "model": {"name": explanation.model, "digest": explanation.digest},
        "prediction": _prediction(explanation.prediction),
        "target": {"index": explanation.target, "label": explanation.target_name},
        "logits": _flat(np.array(explanation.logits)),
        "class_names": list(explanation.class_names),
        "temperature": explanation.temperature,
        "augmented": explanation.augmented,
        "preprocessed": explanation.preprocessed,
        "candidate": explanation.candidate,
        "steps": _each(_step, explanation.steps),
        "layers": _each(_layer, explanation.layers),
        "weights": None
        if explanation.weights is None
        else {
            "layer": explanation.weights.layer,
            "shape": list(explanation.weights.values.shape),
            "values": _flat(explanation.weights.values),
        },
        "saliency": _flat_or_none(explanation.saliency),
        "occlusion": _flat_or_none(explanation.occlusion),
        "unit": None if explanation.unit is None else _unit(explanation.unit),
        "change": None if explanation.change is None else _change(explanation.change),
        "neighbors": _each(_neighbor, explanation.neighbors),
        "neighbors_reason": explanation.neighbors_reason,
        "rejection": None if explanation.rejection is None else _rejection(explanation.rejection),
    }


def round_values(values: Array, digits: int = DIGITS_SHOWN) -> Array:
    """Round to significant digits.

    values   float, of any shape
    returns  float64, such that the shortest decimal form of each has no more than these digits
    """
    exact = np.asarray(values, np.float64)
    size = np.abs(exact)
    is_zero = size < _SMALLEST
    exponent = np.floor(np.log10(np.where(is_zero, 1, size))).astype(int)
    # A power of ten with a negative exponent is not exact, so that one divides by its inverse.
    places = digits - 1 - exponent
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    rounded: Array = np.where(is_zero, 0.0, np.rint(exact * up / down) * down / up)
    return rounded


def _each(convert: Any, items: tuple[Any, ...] | None) -> list[dict[str, Any]] | None:
    return None if items is None else [convert(item) for item in items]


def _flat(values: Array, digits: int = DIGITS_SHOWN) -> list[float]:
    flat: list[float] = round_values(values, digits).ravel().tolist()
    return flat


def _flat_or_none(values: Array | None, digits: int = DIGITS_SHOWN) -> list[float] | None:
    return None if values is None else _flat(values, digits)


def _number(value: float | None, digits: int = UNIT_DIGITS) -> float | None:
    return None if value is None else float(round_values(np.array(value), digits))


def _prediction(prediction: Prediction) -> dict[str, Any]:
    """Convert a prediction; its numbers are those of the route for predictions."""
    return {
        "digit": prediction.digit,
        "label": prediction.label,
        "reason": prediction.reason,
        "confidence": prediction.confidence,
        "probabilities": list(prediction.probabilities),
    }


def _step(step: Step) -> dict[str, Any]:
    return {"name": step.name, "title": step.title, "picture": png_data_url(step.picture)}


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "index": layer.index,
        "type": layer.type,
        "shape": list(layer.output_shape),
        "activation": _flat(layer.activation),
        "contribution": _flat(layer.contribution),
    }


def _unit(unit: UnitExplanation) -> dict[str, Any]:
    return {
        **asdict(unit.unit),
        "index": list(unit.unit.index),
        "type": unit.type,
        "kind": unit.kind,
        "result": _number(unit.result),
        "bias": _number(unit.bias),
        "sum": _number(unit.total),
        "inputs": _flat(unit.inputs, UNIT_DIGITS),
        "input_shape": list(unit.inputs.shape),
        "weights": _flat_or_none(unit.weights, UNIT_DIGITS),
        "where": _box(unit.where),
        "field": _box(unit.field),
        "drives": _flat(unit.drives),
    }


def _box(box: Box | None) -> dict[str, int] | None:
    return None if box is None else box._asdict()


def _change(change: Change) -> dict[str, Any]:
    return {
        "found": change.found,
        "goal": change.goal,
        "reason": change.reason,
        "added": [list(pixel) for pixel in change.added],
        "removed": [list(pixel) for pixel in change.removed],
        "prediction": None if change.after is None else _prediction(change.after),
    }


def _neighbor(neighbor: Neighbor) -> dict[str, Any]:
    return {
        "number": neighbor.number,
        "label": neighbor.label,
        "distance": _number(neighbor.distance, DIGITS_SHOWN),
        "picture": None if neighbor.picture is None else png_data_url(neighbor.picture),
    }


def _rejection(rejection: RejectionExplanation) -> dict[str, Any]:
    return {
        "score": _number(rejection.score),
        "threshold": _number(rejection.threshold),
        "penalty": _number(rejection.penalty),
        "rejected": rejection.rejected,
        "reason": rejection.reason,
        "margin": _number(rejection.margin),
        "change": None if rejection.change is None else _change(rejection.change),
    }
