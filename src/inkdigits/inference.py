"""Sends pictures through a network: each once, and again from five places if it is unsure."""

import numpy as np

from inkdigits.arrays import Array
from inkdigits.nn.losses import softmax
from inkdigits.nn.network import NetworkParams
from inkdigits.recipes import Recipe

# Pictures that go through together: a layer of `cnn` needs 1.2 MB for each, and more at a time are
# no faster.
CHUNK = 100
SURE = 0.9  # probability of the likeliest class: if it is less, the network is unsure
LARGEST_ACTIVATION = 1e30  # far below 3.4e38, where float32 ends: sums of a few such still fit
PLACES = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # px, how far down and to the right


def predict_logits(recipe: Recipe, params: NetworkParams, x: Array) -> Array:
    """Read pictures; those that leave the network unsure again, if the recipe says so.

    Such a picture is read where it is and a pixel to each side of there, and the logits of the
    five are averaged.

    params   of `recipe.network.inference_network`
    x        float32 (N, 28, 28), ink in [0, 1], on any device
    returns  float32 (N, C), logits, on the same device
    source   Krizhevsky, Sutskever and Hinton 2012, ImageNet Classification with Deep Convolutional
             Neural Networks, section 4.1, for the average over places
    """
    logits = forward_batches(recipe, params, x)
    if recipe.tta:
        unsure = softmax(logits).max(axis=1) < SURE
        if unsure.any():
            again = forward_batches(recipe, params, _at_places(x[unsure]))
            logits[unsure] = again.reshape(len(PLACES), -1, logits.shape[1]).mean(axis=0)
    return logits


def forward_batches(recipe: Recipe, params: NetworkParams, x: Array) -> Array:
    """Read pictures as they are, some at a time; arguments and result are those of `predict_logits`."""
    network = recipe.network.inference_network
    logits = np.empty((len(x), len(recipe.targets)), np.float32, like=x)
    for first in range(0, len(x), CHUNK):
        y = x[first : first + CHUNK]
        for layer, layer_params in zip(network.layers, params, strict=True):
            # Without the backward function, what it would need is freed before the next layer.
            y, _ = layer.forward(layer_params, y)
        logits[first : first + CHUNK] = y
    return logits


def may_overflow(recipe: Recipe, vector: Array) -> bool:
    """Tell whether a picture could bring any activation beyond what float32 holds.

    Layer by layer, the largest magnitude that an activation can have for any picture is bounded:
    a weighted sum is at most the sum of its weights' magnitudes times the bound of its inputs,
    plus its bias's. The other layers give nothing above the larger of 1 and their input, and 1 is
    in every bound.

    vector   float32 (P,), of `recipe.network.inference_network`
    returns  False if no bound is over LARGEST_ACTIVATION: all that is computed of any picture in
             [0, 1], probabilities and doubt too, is finite then
    source   Gowal et al. 2018, On the Effectiveness of Interval Bound Propagation, section 3, with
             the intervals around zero
    """
    bound = 1.0  # a pixel
    for params in recipe.network.inference_network.layer_params(vector):
        if params:
            weight = np.abs(params["weight"])
            sums = weight.reshape(-1, weight.shape[-1]).sum(axis=0, dtype=np.float64)
            bias = np.abs(params["bias"]).max() if "bias" in params else 0.0
            bound = 1.0 + bound * float(sums.max()) + float(bias)
    return not bound <= LARGEST_ACTIVATION  # so written, it is true of NaN too


def _at_places(x: Array) -> Array:
    """Move pictures to each of PLACES; what comes in at their border is no ink.

    x        float32 (N, 28, 28)
    returns  float32 (5 N, 28, 28), all of one place after all of another
    """
    height, width = x.shape[1:]
    framed = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return np.concatenate(
        [
            framed[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width]
            for down, right in PLACES
        ]
    )
