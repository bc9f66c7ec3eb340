"""What may be asked about a model, and what an explanation may cost, checked before it is made."""

from collections.abc import Collection
from math import prod

from inkdigits.explain.explanation import Unit
from inkdigits.recognizer import ModelDescription

# `cnn`, the largest network that ships with a recipe, has 226,000 values.
MAX_VALUES = 2**18  # of all layers together, if "layers" is a part
MAX_MULTIPLY_ADDS = 2**35  # of all passes through the network: about two seconds
# How many passes through the network a part needs at most.
PASSES = {"layers": 2, "saliency": 2, "occlusion": 784, "change": 300, "rejection": 300}


class ExplanationError(ValueError):
    """What is asked for does not exist, or costs too much; one sentence says what to do."""


def check_target(model: ModelDescription, target: str | None) -> None:
    """Raise ExplanationError unless the target is None or the name of an output of the model."""
    if target is not None and target not in model.class_names:
        names = ", ".join(model.class_names[:12])
        more = len(model.class_names) - 12
        raise ExplanationError(
            f"The model has no class of this name to explain; choose one of {names}"
            f"{f' and {more} more' if more > 0 else ''}."
        )


def check_unit(model: ModelDescription, unit: Unit | None) -> None:
    """Raise ExplanationError unless the unit is None or one of the model."""
    if unit is None:
        return
    if not 0 <= unit.layer < len(model.layers):
        raise ExplanationError(
            f"The model has the layers 0 to {len(model.layers) - 1}, so none with the number "
            f"{unit.layer}."
        )
    shape = model.layers[unit.layer].output_shape
    if len(unit.index) != len(shape) or not all(
        0 <= place < size for place, size in zip(unit.index, shape, strict=True)
    ):
        raise ExplanationError(
            f"The output of layer {unit.layer} has the shape {list(shape)}, so it has no unit "
            f"{list(unit.index)}; count from 0."
        )


def check_cost(model: ModelDescription, parts: Collection[str]) -> None:
    """Raise ExplanationError for parts that are too large, or take too long, for a service."""
    shapes = [layer.output_shape for layer in model.layers]
    values = sum(map(prod, shapes))
    if "layers" in parts and values > MAX_VALUES:
        raise ExplanationError(
            f"The layers of this model have {values:,} values, and at most {MAX_VALUES:,} are "
            'allowed; leave out the part "layers".'
        )
