"""What may be asked about a model, and what an explanation may cost, checked before it is made."""

from collections.abc import Collection, Sequence
from math import prod

from inkdigits.explain.explanation import Unit
from inkdigits.model_limits import count_multiply_adds
from inkdigits.nn.network import Network
from inkdigits.recipes import INPUT_SHAPE
from inkdigits.recognizer import Recognizer

# `cnn`, the largest network with a recipe, has 226,000 values and 24 million multiply-adds.
MAX_VALUES = 2**18  # of all layers together, if "layers" is a part: 4 MB of JSON
MAX_WEIGHTS = 2**20  # of the first layer, if "weights" is a part: 8 MB of JSON
MAX_MULTIPLY_ADDS = 2**37  # of all passes through the network: 7 seconds
# How many passes through the network a part needs at most; change and rejection search for as long
# as their limits allow, and mostly need a tenth of that.
PASSES = {"layers": 3, "saliency": 3, "occlusion": 784, "change": 3600, "rejection": 3600}


class ExplanationError(ValueError):
    """What is asked for does not exist, or costs too much; one sentence says what to do."""


def check_choice(recognizer: Recognizer, target: str | None, unit: Unit | None) -> None:
    """Check that the model has the class and the unit to explain, before anything is computed.

    raises   ExplanationError
    """
    # Names are not part of the sentence: a model's may be anything, and any number.
    if target is not None and target not in recognizer.model.class_names:
        raise ExplanationError(
            "The model has no class of this name to explain; inkdigits model show and "
            "GET /api/v1/models list its classes."
        )
    if unit is not None:
        check_unit(recognizer.model.network.output_shapes(INPUT_SHAPE), unit)


def check_unit(shapes: Sequence[tuple[int, ...]], unit: Unit) -> None:
    """Raise ExplanationError if a network with these output shapes of its layers lacks a unit."""
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


def check_cost(network: Network, parts: Collection[str]) -> None:
    """Raise ExplanationError for parts that are too large, or take too long, for a service."""
    values = sum(map(prod, network.output_shapes(INPUT_SHAPE)))
    if "layers" in parts and values > MAX_VALUES:
        raise ExplanationError(
            f"The layers of this model have {values:,} values, and at most {MAX_VALUES:,} are "
            'allowed; leave out the part "layers".'
        )
    first = next((layer.param_shapes() for layer in network.layers if layer.param_shapes()), {})
    weights = prod(first.get("weight", ()))
    if "weights" in parts and weights > MAX_WEIGHTS:
        raise ExplanationError(
            f"The first layer of this model has {weights:,} weights, and at most {MAX_WEIGHTS:,} "
            'are allowed; leave out the part "weights".'
        )
    passes = {part: PASSES.get(part, 1) for part in parts}
    if count_multiply_adds(network) * sum(passes.values()) > MAX_MULTIPLY_ADDS:
        raise ExplanationError(
            "These parts may take too long with a network of this size; leave out the part "
            f'"{max(passes, key=lambda part: passes[part])}", or ask for it alone.'
        )
