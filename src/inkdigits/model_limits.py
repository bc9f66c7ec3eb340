"""Limits of a network and its classes, checked before anything of their size is allocated."""

from collections.abc import Sequence
from dataclasses import fields
from math import prod
from typing import Any

from inkdigits.constants import MAX_CLASSES, MAX_NAME
from inkdigits.nn.layers import Layer, Shape
from inkdigits.nn.network import Network
from inkdigits.recipes import INFERENCE_LAYERS, INPUT_SHAPE

# `cnn`, the largest network that ships with a recipe, has 22 layers, 226,000 values and 24 million
# multiply-adds.
MAX_LAYERS = 64
MAX_SIZE = 2**16  # of any field of a layer
MAX_LAYER_VALUES = 2**18  # an image's values in one layer, counting a convolution's windows
MAX_MULTIPLY_ADDS = 2**27  # per image
NON_DIGIT_NAME = "non-digit"  # of the last output of a network that rejects non-digits


def check_network(network: Network) -> None:
    """Check the layers, sizes and cost of an inference network.

    raises   ValueError, with the cause as a clause
    """
    if not 1 <= len(network.layers) <= MAX_LAYERS:
        raise ValueError(f"its network does not have 1 to {MAX_LAYERS} layers")
    for layer in network.layers:
        if not isinstance(layer, INFERENCE_LAYERS) or not _has_valid_fields(layer):
            raise ValueError(f"the type or a size of its layer {ascii(layer)[:100]} is not allowed")
    try:
        network.output_shapes(INPUT_SHAPE)
    except ValueError as error:
        cause = ascii(str(error))[1:-1]
        raise ValueError(f"its layers do not fit together ({cause})") from None
    check_cost(network)


def check_cost(network: Network) -> None:
    """Check what an image costs, of a network whose layers fit together; allocate nothing.

    raises   ValueError, with the cause as a clause, if it is more than a model file may need
    """
    for layer, shape in zip(network.layers, network.output_shapes(INPUT_SHAPE), strict=True):
        weight: Shape = layer.param_shapes().get("weight", (0,))
        positions = prod(shape[:-1])
        if max(prod(shape), positions * prod(weight[:-1])) > MAX_LAYER_VALUES:
            raise ValueError(f"a layer needs more than {MAX_LAYER_VALUES} values per image")
    if count_multiply_adds(network) > MAX_MULTIPLY_ADDS:
        raise ValueError(f"its network needs more than {MAX_MULTIPLY_ADDS} multiply-adds per image")


def count_multiply_adds(network: Network) -> int:
    """Count the products of weights and inputs that one image needs."""
    shapes = network.output_shapes(INPUT_SHAPE)
    return sum(
        prod(shape[:-1]) * prod(layer.param_shapes().get("weight", (0,)))
        for layer, shape in zip(network.layers, shapes, strict=True)
    )


def _has_valid_fields(layer: Layer) -> bool:
    """Return whether all sizes of a layer are from 1 to MAX_SIZE, and all rates below 1."""
    values = [getattr(layer, field.name) for field in fields(layer)]  # type: ignore[arg-type]
    return all(
        1 <= value <= MAX_SIZE if type(value) is int else 0 <= value < 1
        for value in values
        if type(value) in (int, float)
    )


def check_class_names(names: Sequence[Any]) -> tuple[str, ...]:
    """Check the names of the classes that a network tells apart.

    raises   ValueError, with the cause as a clause, unless they are 2 to MAX_CLASSES different
             names of 1 to MAX_NAME printable characters, none of them "non-digit"
    """
    if not 2 <= len(names) <= MAX_CLASSES:
        number = "is 1 class" if len(names) == 1 else f"are {len(names)} classes"
        raise ValueError(f"there {number}, not 2 to {MAX_CLASSES}")
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            raise ValueError(f"{ascii(name)[:40]} is not a text of 1 to {MAX_NAME} characters")
        if not name.isprintable() or name != name.strip() or name == NON_DIGIT_NAME:
            raise ValueError(f"{ascii(name)[:40]} cannot be the name of a class")
    if len(set(names)) < len(names):
        raise ValueError("two classes have the same name")
    return tuple(names)
