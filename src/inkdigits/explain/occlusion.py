"""The occlusion map: how much a class score falls where a part of the picture is blank."""

import numpy as np

from inkdigits.arrays import Array
from inkdigits.explain.passes import Pass
from inkdigits.inference import forward_batches

WINDOW_PX = 5  # side of the window that is made blank, an odd number


def occlusion_map(forward: Pass, target: int) -> Array:
    """Compute by how much the target's logit falls if a window around each pixel is blank.

    returns  float32 (28, 28); negative where the logit rises; 0 where the window has no ink
    source   Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks, section
             4.2
    """
    image = forward.arrays[0][0]
    near = WINDOW_PX // 2
    # Where the window has no ink, nothing changes: a third of the pixels of most digits.
    padded = np.pad(image, near)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW_PX, WINDOW_PX))
    places = np.argwhere(windows.any(axis=(2, 3)))
    occluded = np.repeat(image[None], len(places), axis=0)
    for picture, (row, column) in zip(occluded, places.tolist(), strict=True):
        rows = slice(max(0, row - near), row + near + 1)
        picture[rows, max(0, column - near) : column + near + 1] = 0
    falls = np.zeros_like(image)
    if len(places):
        logits = forward_batches(forward.network, forward.params, occluded)
        falls[tuple(places.T)] = forward.logits[target] - logits[:, target]
    return falls
