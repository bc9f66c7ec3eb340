"""Every layer's activations and what they contribute to the target's logit; the first weights."""

from collections.abc import Sequence

from inkdigits.arrays import Array
from inkdigits.explain.explanation import FirstWeights, Layer
from inkdigits.explain.passes import Pass
from inkdigits.nn.convolution import Conv2D
from inkdigits.nn.layers import Dense
from inkdigits.recipes import INPUT_SHAPE


def describe_layers(forward: Pass, gradients: Sequence[Array]) -> tuple[Layer, ...]:
    """Describe what each layer computed.

    gradients  of the target's logit, at the input of each layer, and at the logits
    """
    return tuple(
        Layer(
            index=index,
            type=type(layer).__name__,
            output_shape=activation.shape[1:],
            activation=activation[0],
            contribution=activation[0] * gradient,
        )
        for index, (layer, activation, gradient) in enumerate(
            zip(forward.network.layers, forward.arrays[1:], gradients[1:], strict=True)
        )
    )


def first_weights(forward: Pass) -> FirstWeights | None:
    """Return the weights of the first layer that has any, if they are pictures."""
    for index, (layer, params) in enumerate(
        zip(forward.network.layers, forward.params, strict=True)
    ):
        if not params:
            continue
        is_whole = forward.arrays[index][0].size == INPUT_SHAPE[0] * INPUT_SHAPE[1]
        if isinstance(layer, Dense) and is_whole:
            return FirstWeights(index, params["weight"].reshape(*INPUT_SHAPE, -1))
        if isinstance(layer, Conv2D) and layer.channels == 1:
            return FirstWeights(index, params["weight"])
        return None
    return None
