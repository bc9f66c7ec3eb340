"""Inference: forward passes in batches, and test-time augmentation for unsure predictions."""

import numpy as np

from inkdigits.arrays import Array
from inkdigits.nn.losses import softmax
from inkdigits.nn.network import Network, NetworkParams

# Images per forward pass: a layer of `cnn` needs 1.2 MB for each, and more at a time are no faster.
CHUNK = 100
SURE = 0.9  # probability of the predicted class below which the prediction is unsure
LARGEST_ACTIVATION = 1e30  # far below float32's maximum, 3.4e38: sums of a few still fit
SHIFTS_PX = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # down and to the right


def predict_logits(network: Network, params: NetworkParams, x: Array, tta: bool) -> Array:
    """Compute the logits, with test-time augmentation (TTA) for images with an unsure prediction.

    TTA averages the logits of the image and of four copies, shifted a pixel to each side.

    network  without batch normalization
    x        float32 (N, 28, 28), ink in [0, 1], on any device
    tta      whether to use TTA
    returns  float32 (N, C), on the same device
    source   Krizhevsky, Sutskever and Hinton 2012, ImageNet Classification with Deep Convolutional
             Neural Networks, section 4.1, for averaging over positions
    """
    logits = forward_batches(network, params, x)
    if tta:
        unsure = softmax(logits).max(axis=1) < SURE
        if unsure.any():
            augmented = forward_batches(network, params, _shifted(x[unsure]))
            logits[unsure] = augmented.reshape(len(SHIFTS_PX), -1, logits.shape[1]).mean(axis=0)
    return logits


def forward_batches(network: Network, params: NetworkParams, x: Array) -> Array:
    """Compute the logits without TTA, some images at a time.

    The arguments and the result are those of `predict_logits`.
    """
    (classes,) = network.output_shapes(x.shape[1:])[-1]
    logits = np.empty((len(x), classes), np.float32, like=x)
    for first in range(0, len(x), CHUNK):
        y = x[first : first + CHUNK]
        for layer, layer_params in zip(network.layers, params, strict=True):
            # Dropping the backward function frees what it holds before the next layer runs.
            y, _ = layer.forward(layer_params, y)
        logits[first : first + CHUNK] = y
    return logits


def may_overflow(network: Network, vector: Array) -> bool:
    """Return whether some image could make an activation overflow float32.

    The largest magnitude of any activation is bounded layer by layer: a dot product is at most the
    sum of its weights' magnitudes times the bound of its inputs, plus the bias. The other layers
    never exceed the larger of 1 and their input, and 1 is part of every bound.

    network  without batch normalization
    vector   float32 (P,)
    returns  False if every bound is at most LARGEST_ACTIVATION: then everything computed for any
             image in [0, 1], probabilities and rejection scores too, is finite
    source   Gowal et al. 2018, On the Effectiveness of Interval Bound Propagation, section 3, with
             intervals around zero
    """
    bound = 1.0  # a pixel
    for params in network.layer_params(vector):
        if params:
            weight = np.abs(params["weight"])
            sums = weight.reshape(-1, weight.shape[-1]).sum(axis=0, dtype=np.float64)
            bias = np.abs(params["bias"]).max() if "bias" in params else 0.0
            bound = 1.0 + bound * float(sums.max()) + float(bias)
    return not bound <= LARGEST_ACTIVATION  # written this way, NaN counts as overflow


def _shifted(x: Array) -> Array:
    """Shift images by each of SHIFTS_PX; background enters at the border.

    x        float32 (N, 28, 28)
    returns  float32 (5 N, 28, 28): all images with the first shift, then all with the second, ...
    """
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return np.concatenate(
        [
            padded[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width]
            for down, right in SHIFTS_PX
        ]
    )
