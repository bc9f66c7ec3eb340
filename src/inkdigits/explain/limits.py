"""What may be asked about a model, and what an explanation may cost, checked before it is made."""

from collections.abc import Collection
from math import prod

from inkdigits.explain.explanation import Unit
from inkdigits.model_limits import count_multiply_adds
from inkdigits.recipes import INPUT_SHAPE
from inkdigits.recognizer import Recognizer

# `cnn`, the largest network that ships with a recipe, has 226,000 values.
MAX_VALUES = 2**18  # of all layers together, if "layers" is a part
MAX_MULTIPLY_ADDS = 2**35  # of all passes through the network: about two seconds
# How many passes through the network a part needs at most.
PASSES = {"layers": 2, "saliency": 2, "occlusion": 784, "change": 300, "rejection": 300}


class ExplanationError(ValueError):
    """What is asked for does not exist, or costs too much; one sentence says what to do."""


def check_target(recognizer: Recognizer, target: str | None) -> None:
    """Raise ExplanationError unless the target is None or the name of an output of the model."""
    classes = recognizer.model.class_names
    if target is not None and target not in classes:
        names = ", ".join(classes[:12])
        more = len(classes) - 12
        raise ExplanationError(
            f"The model has no class of this name to explain; choose one of {names}"
            f"{f' and {more} more' if more > 0 else ''}."
        )


def check_unit(recognizer: Recognizer, unit: Unit | None) -> None:
    """Raise ExplanationError unless the unit is None or one of the model."""
    if unit is None:
        return
    shapes = recognizer.model.network.output_shapes(INPUT_SHAPE)
    if not 0 <= unit.layer < len(shapes):
        raise ExplanationError(
            f"The model has the layers 0 to {len(shapes) - 1}, so none with the number "
            f"{unit.layer}."
        )
    shape = shapes[unit.layer]
    if len(unit.index) != len(shape) or not all(
        0 <= place < size for place, size in zip(unit.index, shape, strict=True)
    ):
        raise ExplanationError(
            f"The output of layer {unit.layer} has the shape {list(shape)}, so it has no unit "
            f"{list(unit.index)}; count from 0."
        )


def check_cost(recognizer: Recognizer, parts: Collection[str]) -> None:
    """Raise ExplanationError for parts that are too large, or take too long, for a service."""
    network = recognizer.model.network
    values = sum(map(prod, network.output_shapes(INPUT_SHAPE)))
    if "layers" in parts and values > MAX_VALUES:
        raise ExplanationError(
            f"The layers of this model have {values:,} values, and at most {MAX_VALUES:,} are "
            'allowed; leave out the part "layers".'
        )
    cost = count_multiply_adds(network)
    for part in parts:
        if cost * PASSES.get(part, 0) > MAX_MULTIPLY_ADDS:
            raise ExplanationError(
                f'The part "{part}" of this model takes too long for the service; leave it out, '
                "or use the command inkdigits explain."
            )
