"""Inference: forward passes in batches, and test-time augmentation for unsure predictions."""

from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, batch_parts
from inkdigits.nn.losses import softmax
from inkdigits.nn.network import Network, NetworkParams
from inkdigits.threads import blas_threads, one_blas_thread

KEPT_BYTES = 30 << 20  # just below the 32 MiB up to which glibc adapts
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
        unsure = are_unsure(logits)
        if unsure.any():
            augmented = forward_batches(network, params, _shifted(x[unsure]))
            logits[unsure] = augmented.reshape(len(SHIFTS_PX), -1, logits.shape[1]).mean(axis=0)
    return logits


def are_unsure(logits: Array) -> NDArray[np.bool_]:
    """Return which predictions are unsure, so that images get test-time augmentation.

    logits   float32 (N, C), without augmentation
    returns  bool (N,), on the same device
    """
    return softmax(logits).max(axis=1) < SURE


def forward_batches(network: Network, params: NetworkParams, x: Array) -> Array:
    """Compute the logits without TTA, in parts of a few images: they are faster in the cache.

    The parts of many images are computed in as many threads as a matrix product may use: two
    threads compute two parts faster than one after the other. Each product uses one thread, so the
    number of threads does not change the result.

    The arguments and the result are those of `predict_logits`, for inputs of any shape, and with
    parameters and inputs in float64, too.
    """
    if len(x) == 1:
        with one_blas_thread():
            return _forward(network, params, x)
    shapes = [x.shape[1:], *network.output_shapes(x.shape[1:])]
    logits = np.empty((len(x), *shapes[-1]), x.dtype, like=x)
    parts = batch_parts(x, x.itemsize * max(prod(shape) for shape in shapes))
    _keep_freed_memory()

    @one_blas_thread()  # in each thread: some BLAS libraries have a limit per thread
    def forward_part(part: slice) -> None:
        logits[part] = _forward(network, params, x[part])

    threads = min(blas_threads(), len(parts))
    with one_blas_thread():
        if threads < 2:
            for part in parts:
                forward_part(part)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(forward_part, parts))  # raises what a thread has raised
    return logits


def _keep_freed_memory() -> None:
    """Let the C library glibc keep the memory of one part for the next.

    It returns freed memory to the system, and getting it again page by page takes a third of the
    time, unless an array of this size has been freed before. No effect with other libraries.
    """
    np.empty(KEPT_BYTES, np.uint8)


def _forward(network: Network, params: NetworkParams, x: Array) -> Array:
    """Run the forward pass, and free each layer's input before the next layer runs."""
    for layer, layer_params in zip(network.layers, params, strict=True):
        x = layer.forward(layer_params, x)[0]  # keeps no backward function
    return x


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
