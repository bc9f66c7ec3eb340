"""Small plots for the notebooks."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator


def show(images: Any, titles: Sequence[Any] = (), columns: int = 10, signed: bool = False) -> None:
    """Show images side by side, ink in black.

    images   (N, H, W), or a sequence of (H, W), or (H, W, 3) for a picture in its own colors
    titles   one for each image, if any
    columns  images in a row
    signed   negative values in blue and positive in red, white in the middle
    """
    rows = -(-len(images) // columns)
    columns = min(columns, len(images))
    size = (1.05 * columns, (1.3 if len(titles) else 1.05) * rows)
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for number, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        picture = np.asarray(image, np.float64)
        if picture.ndim == 3:
            axis.imshow(image)
        elif signed:
            limit = max(float(np.abs(picture).max()), 1e-9)
            axis.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
        else:
            full = 255 if np.asarray(image).dtype == np.uint8 else max(1.0, float(picture.max()))
            axis.imshow(picture, cmap="gray_r", vmin=0, vmax=full)
        if len(titles):
            axis.set_title(str(titles[number]), fontsize=8)
    plt.show()


def lines(curves: Mapping[str, tuple[Any, Any]], x_label: str, y_label: str) -> None:
    """Plot curves.

    curves   name -> x and y
    """
    _, axis = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
    for name, (x, y) in curves.items():
        axis.plot(x, y, marker="." if len(x) < 50 else "", label=name)
        if all(float(value).is_integer() for value in x):
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    axis.grid(alpha=0.3)
    if len(curves) > 1:
        axis.legend(fontsize=8)
    plt.show()


def bars(probabilities: Any, title: str = "") -> None:
    """Plot one bar for each class."""
    _, axis = plt.subplots(figsize=(4, 1.6), layout="constrained")
    axis.bar(range(len(probabilities)), probabilities, color="0.3")
    axis.set_xticks(range(len(probabilities)))
    axis.set_ylim(0, 1)
    axis.set_title(title, fontsize=9)
    plt.show()
