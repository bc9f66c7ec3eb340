"""Draw the figures of docs/how-it-works.md from the code that the page explains."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from inkdigits.arrays import Array, Pixels
from inkdigits.data import mnist
from inkdigits.data.augment import Augment
from inkdigits.data.outliers import letters, marks, shapes, silhouettes, strokes, textures
from inkdigits.data.outliers.canvas import Kind
from inkdigits.imaging.strokes import draw as draw_strokes
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Layer, ReLU, Sigmoid
from inkdigits.nn.losses import (
    LabelSmoothing,
    SoftTargets,
    one_hot,
    softmax,
    softmax_cross_entropy,
)
from inkdigits.nn.optimizers import SGD, AdamW, Optimizer
from inkdigits.nn.schedules import Constant, Cosine, OneCycle, Schedule
from inkdigits.preprocessing import PREPROCESSORS, ink
from inkdigits.preprocessing.classic import THRESHOLD
from inkdigits.recipes import CLASSIC, INPUT_SHAPE

# Color, line style, label, and where the label goes.
Line: TypeAlias = tuple[str, str, str, tuple[float, float]]

FOLDER = Path(__file__).parent
GRAY = "#7f7f7f"  # legible on white and on black, like the three colors
BLUE, ORANGE, GREEN = "#2a7fbf", "#d9822b", "#2f9e6b"
STYLE: dict[Any, Any] = {
    "text.color": GRAY,
    "axes.labelcolor": GRAY,
    "axes.edgecolor": GRAY,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "svg.hashsalt": "inkdigits",  # makes the files reproducible
    "font.size": 12,
    "axes.titlesize": 12,
    "lines.linewidth": 2,
}
BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("", [BLUE, "black", ORANGE])
FIRST_OF_EACH = [1, 3, 5, 7, 2, 0, 13, 15, 17, 4]  # in the training set


def digits() -> Figure:
    """Draw one MNIST image of each digit, and what each step of preprocessing makes of it."""
    images = mnist.load("train").take(FIRST_OF_EACH).images
    classic = PREPROCESSORS["classic"].from_mnist(images)
    return _grid(
        {
            "MNIST": images,
            "classic: binarized": np.where(images > THRESHOLD, np.uint8(255), np.uint8(0)),
            "classic: centered": np.where(classic == 255, np.uint8(255), np.uint8(0)),
            "classic: gray edges": classic,
            "ink": PREPROCESSORS["ink"].from_mnist(images),
        }
    )


def drawing() -> Figure:
    """Draw an image unlike MNIST's, and what each kind of preprocessing makes of it."""
    side, width, gap = 8 * 28, 308, 90
    rgba = _blue_two_on_yellow(side, width)
    figure, box = _canvas(width=width + 2 * (gap + side) + 20, height=side + 50)
    box(10, 4, width, side, f"{width} by {side}").imshow(rgba)
    for number, (name, preprocessor) in enumerate(PREPROCESSORS.items()):
        left = 10 + width + gap + number * (side + gap)
        axes = box(left, 4, side, side, f"{name}, 28 by 28")
        axes.imshow(
            preprocessor.from_image(rgba), "gray", vmin=0, vmax=255, interpolation="nearest"
        )
    return figure


def network() -> Figure:
    """Draw the network: a dot for each unit, a line for each weight, most of them left out."""
    dense = [layer for layer in CLASSIC.network.layers if isinstance(layer, Dense)]
    sizes = [dense[0].inputs, *(layer.outputs for layer in dense)]
    figure, axes = _blank_axes(height=4.7, limits=(-0.35, 3.95, -1.72, 1.1))
    columns = [_column(size) for size in sizes]
    for number, (before, after) in enumerate(pairwise(columns)):
        for start in before:
            for end in after:
                axes.plot([number, number + 1], [start, end], GRAY, linewidth=0.5, alpha=0.55)
        weights = f"{sizes[number] * sizes[number + 1]:,}\nweights"
        axes.text(number + 0.5, -1.62, weights, ha="center", linespacing=1.4)
    names = ("pixels", "hidden units", "hidden units", "logits")
    colors = (GRAY, BLUE, BLUE, ORANGE)
    for number, (column, name, color) in enumerate(zip(columns, names, colors, strict=True)):
        axes.plot([number] * len(column), column, "o", color=color, markersize=8)
        if len(column) < sizes[number]:
            axes.plot([number] * 3, [-0.06, 0, 0.06], ".", color=color, markersize=4)
        label = f"{sizes[number]}\n{name}"
        axes.text(number, -1.32, label, color=color, ha="center", linespacing=1.4)
    for digit, y in enumerate(columns[-1]):
        axes.text(3.1, y, str(digit), color=ORANGE, va="center")
    axes.text(3.3, 0, "softmax:\na probability\nfor each digit", va="center", linespacing=1.4)
    return figure


def backpropagation() -> Figure:
    """Draw the chain of layers, with the forward and the backward pass."""
    layers = CLASSIC.network.layers
    shapes = [INPUT_SHAPE, *CLASSIC.network.output_shapes(INPUT_SHAPE)]
    with_params = [number for number, layer in enumerate(layers) if isinstance(layer, Dense)]

    figure, axes = _blank_axes(height=3.2, limits=(-0.95, 6.5, -1.72, 1.25))
    for number, name in enumerate([*map(_name, layers), "softmax,\nloss"]):
        corner, size = (number - 0.36, -0.32), (0.72, 0.64)
        style = "round,pad=0,rounding_size=0.08"
        axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=style, fill=False, edgecolor=GRAY))
        axes.text(number, 0, name, ha="center", va="center", fontsize=10, linespacing=1.4)
        shape = f"(N, {', '.join(map(str, shapes[number]))})"
        axes.text(number - 0.5, 0.72, shape, color=BLUE, ha="center", fontsize=10)
        _arrow(axes, (number - 0.86, 0.38), (number - 0.14, 0.38), BLUE, bend=-0.35)
        if number > with_params[0]:
            _arrow(axes, (number - 0.14, -0.38), (number - 0.86, -0.38), ORANGE, bend=-0.35)
    for number in with_params:
        _arrow(axes, (number, -0.38), (number, -0.92), ORANGE)
        axes.text(number, -1.14, "dW", color=ORANGE, ha="center")
    axes.text(-0.9, 1.07, "forward pass: activations, N examples at a time", color=BLUE)
    axes.text(6.36, -1.6, "backward pass: gradients, of the same shapes", color=ORANGE, ha="right")
    return figure


def sigmoid() -> Figure:
    """Plot the sigmoid and its derivative, as the layer computes both."""
    figure, axes = _plot()
    _curve_and_derivative(axes, Sigmoid(), np.linspace(-6, 6, 241))
    axes.text(1.6, 0.93, "$y = 1 / (1 + e^{-x})$", color=BLUE, ha="right")
    axes.text(1.8, 0.19, "derivative: $y\\,(1 - y)$", color=ORANGE)
    return figure


def relu() -> Figure:
    """Plot ReLU and its derivative, as the layer computes both."""
    figure, axes = _plot()
    _curve_and_derivative(axes, ReLU(), np.array([-3, 0]))
    _curve_and_derivative(axes, ReLU(), np.array([1e-9, 3]))
    axes.text(1.9, 2.2, "$y = \\max(x, 0)$", color=BLUE, ha="right")
    axes.text(1.5, 0.72, "derivative: 0 or 1", color=ORANGE)
    return figure


def convolution() -> Figure:
    """Draw a digit, two filters, and the result of convolution, ReLU and max pooling."""
    upright = np.array([[-1, 0, 1]] * 3, np.float32)
    filters = np.stack([upright, upright.T], axis=2)[:, :, None]
    x = _five()[None] / np.float32(255)
    layers = (AddChannel(), ZeroPad2D(), Conv2D(1, 2), ReLU(), MaxPool2D())
    activations: list[Array] = [x]
    for layer in layers:
        params = {"weight": filters, "bias": np.zeros(2, np.float32)}
        activations.append(layer.forward(params, activations[-1])[0])

    side, small, gap = 8 * 28, 132, 56
    figure, box = _canvas(width=20 + 4 * side + small + 4 * gap, height=2 * side + gap + 56)
    digit = box(10, 4 + (side + gap) // 2, side, side, "a digit")
    digit.imshow(x[0], "gray", vmin=0, vmax=1, interpolation="nearest")
    titles = ("feature map", "ReLU", "max pooling")
    for row in range(2):
        bottom, left = 4 + (1 - row) * (side + gap), 10 + side + gap
        kernel = box(left, bottom + (side - small) // 2, small, small, f"filter {row + 1}")
        _weights(kernel, filters[:, :, 0, row])
        left += small + gap
        for title, y in zip(titles, activations[3:], strict=True):
            axes = box(left, bottom, side, side, title)
            axes.imshow(y[0, :, :, row], BLUE_TO_ORANGE, vmin=-3, vmax=3)
            left += side + gap
    return figure


def softmax_curves() -> Figure:
    """Plot the softmax of three logits, one rising while another falls."""
    figure, axes = _plot()
    x = np.linspace(-5, 5, 201)
    probabilities = softmax(np.stack([x, np.zeros_like(x), -x], axis=1))
    lines: tuple[Line, ...] = (
        (BLUE, "-", "$p_1$ for $z_1 = x$", (2.5, 0.83)),
        (GREEN, "-.", "$p_2$ for $z_2 = 0$", (1.15, 0.26)),
        (ORANGE, "--", "$p_3$ for $z_3 = -x$", (-4.8, 0.83)),
    )
    for values, line in zip(probabilities.T, lines, strict=True):
        _labeled(axes, x, values, line)
    axes.set(xlabel="$x$", ylim=(-0.05, 1.05))
    axes.set_yticks([0, 1 / 3, 2 / 3, 1], ["0", "1/3", "2/3", "1"])
    return figure


def loss() -> Figure:
    """Plot the loss against the margin of the correct class, for three kinds of targets."""
    figure, axes = _plot()
    margins = np.linspace(0, 14, 281)
    # The logits sum to zero, because the write-up's targets also reward shifting all of them.
    logits = margins[:, None] * (one_hot(10)[0] - np.float64(0.1))
    kinds: tuple[tuple[Array, Line], ...] = (
        (one_hot(10), (BLUE, "-", "one-hot: 1 and 0", (9.3, -0.19))),
        (LabelSmoothing(0.1)(10), (GREEN, "-.", "smoothed: 0.91 and 0.01", (4.7, 1.1))),
        (SoftTargets()(10), (ORANGE, "--", "write-up: 0.99 and 0.01", (7.4, 0.4))),
    )
    for targets, line in kinds:
        values = np.array([softmax_cross_entropy(row[None], targets[:1])[0] for row in logits])
        _labeled(axes, margins, values, line)
        lowest = values.argmin()
        if lowest < len(margins) - 1:
            axes.plot(margins[lowest], values[lowest], "o", color=line[0])
    axes.set(xlabel="margin: logit of the correct class minus the others'", ylabel="loss")
    axes.set_ylim(-0.25, 2.4)
    return figure


def schedules() -> Figure:
    """Plot the learning rate of each step, for each schedule."""
    figure, axes = _plot()
    steps = 1000
    kinds: tuple[tuple[Schedule, Line], ...] = (
        (Constant(0.03), (BLUE, "-", "constant", (840, 0.033))),
        (Cosine(0.1, warm_up=0.05), (GREEN, "-.", "cosine with warm-up", (75, 0.104))),
        (OneCycle(0.1), (ORANGE, "--", "one-cycle", (640, 0.066))),
    )
    for schedule, line in kinds:
        rates = np.array([schedule(step, steps) for step in range(steps)])
        _labeled(axes, np.arange(steps, dtype=float), rates, line)
    axes.set(xlabel="step", ylabel="learning rate", ylim=(0, 0.115))
    return figure


def optimizers() -> Figure:
    """Plot forty steps of each optimizer down the same valley, from the same point."""
    slopes = np.array([1.0, 15.0])  # the loss is (w1^2 + 15 w2^2) / 2; its gradient, slopes * w
    kinds: tuple[tuple[Optimizer, float, str, str], ...] = (
        (SGD(), 0.12, BLUE, "gradient descent"),
        (SGD(momentum=0.8), 0.03, ORANGE, "momentum 0.8"),
        (AdamW(weight_decay=0), 0.3, GREEN, "AdamW"),
    )
    figure = Figure(figsize=(9, 3), layout="constrained")
    figure.patch.set_alpha(0)
    across, along = np.meshgrid(np.linspace(-10, 4, 120), np.linspace(-2.8, 2.8, 80))
    height = (slopes[0] * across**2 + slopes[1] * along**2) / 2
    panels = figure.subplots(1, len(kinds), sharey=True)
    for axes, (optimizer, rate, color, name) in zip(panels, kinds, strict=True):
        path = _descend(optimizer, rate, slopes, start=np.array([-9.0, 2.2]))
        axes.contour(across, along, height, [0.5, 3, 8, 17, 30, 47], colors=GRAY, linewidths=0.6)
        axes.plot(*path.T, ".-", color=color, linewidth=1.2)
        axes.plot(0, 0, "+", color=GRAY, markersize=12)
        axes.set_title(f"{name}, $\\eta = {rate}$", color=color)
        axes.set_xlabel("$w_1$")
        _tidy(axes)
    panels[0].set_ylabel("$w_2$")
    return figure


def ema() -> Figure:
    """Plot the loss of weights trained with noisy gradients, and of their moving average."""
    rng = np.random.default_rng(2)
    slopes, decay, steps = np.array([1.0, 15.0]), 0.98, 400
    params, state = np.array([-9.0, 2.2]), np.zeros((0, 2))
    average = params.copy()
    losses = []
    for step in range(steps):
        gradient = slopes * params + rng.normal(0, 6, 2)
        SGD().step(params, gradient, state, 0.05, step)
        share = 1 - min(decay, (1 + step) / (10 + step))
        average += share * (params - average)
        losses.append([slopes @ np.square(weights) / 2 for weights in (params, average)])
    figure, axes = _plot()
    of_params, of_average = np.array(losses).T
    number = np.arange(steps, dtype=float)
    axes.plot(number, of_params, color=ORANGE, linewidth=1)
    axes.plot(number, of_average, color=BLUE)
    axes.text(250, 12, "weights", color=ORANGE)
    axes.text(250, 0.0005, "moving average", color=BLUE)
    axes.set(xlabel="step", ylabel="loss", yscale="log", ylim=(2e-4, 1e2))
    return figure


def augmentation() -> Figure:
    """Draw a digit, augmented in each way alone and in all ways together."""
    strong = Augment(
        rotation_degrees=15.0,
        scale=0.15,
        aspect=0.15,
        shear=0.2,
        shift_px=2.0,
        elastic_px=1.2,
        elastic_length_scale_px=4.0,
        stroke=0.5,
        gap_share=0.1,
        noise=0.05,
        blur=0.5,
    )
    affine = replace(strong, elastic_px=0, stroke=0, gap_share=0, noise=0, blur=0)
    none = replace(affine, rotation_degrees=0, scale=0, aspect=0, shear=0, shift_px=0)
    kinds = {
        "affine transform": affine,
        "elastic distortion": replace(none, elastic_px=strong.elastic_px),
        "stroke width": replace(none, stroke=strong.stroke),
        "gap": replace(none, gap_share=1),
        "noise": replace(none, noise=strong.noise),
        "blur or sharpen": replace(none, blur=2 * strong.blur),
        "all together": strong,
    }
    rng = np.random.default_rng(1)
    digit = _five()
    copies = np.stack(9 * [digit]) / np.float32(255)
    rows = {}
    for name, augment in kinds.items():
        augmented = np.rint(255 * augment(copies, rng)).astype(np.uint8)
        rows[name] = np.concatenate([digit[None], augmented])
    return _grid(rows)


def non_digits() -> Figure:
    """Draw images that a network should reject, of the kinds not made from digits."""
    kinds: dict[str, tuple[Kind, ...]] = {
        "letters": (letters.latin_letter,),
        "made-up letters": (strokes.glyph,),
        "letter parts": (letters.printed_glyph,),
        "marks": (marks.mark,),
        "shapes": (shapes.polygon, shapes.box, shapes.ring, silhouettes.lobed_outline),
        "filled shapes": (silhouettes.silhouette, silhouettes.lobed_patch, textures.blob),
        "scribbles": (strokes.scribble, strokes.coil, strokes.crossing),
        "textures": (textures.smooth_noise, textures.stripes, textures.dead_leaves),
    }
    # Training leaves out what looks like a digit; with this seed hardly any does. Nor does any
    # center of mass fall halfway between two pixels, where a processor's rounding would decide.
    rng = np.random.default_rng(145)
    return _grid(
        {
            name: np.stack([kind(rng, []) for kind in islice(cycle(of_name), 10)])
            for name, of_name in kinds.items()
        }
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "digits.png": digits,
    "drawing.png": drawing,
    "network.svg": network,
    "backpropagation.svg": backpropagation,
    "sigmoid.svg": sigmoid,
    "relu.svg": relu,
    "convolution.png": convolution,
    "softmax.svg": softmax_curves,
    "loss.svg": loss,
    "schedules.svg": schedules,
    "optimizers.svg": optimizers,
    "ema.svg": ema,
    "augmentation.png": augmentation,
    "non-digits.png": non_digits,
}


def draw(name: str) -> bytes:
    """Draw a figure; return the bytes of its file."""
    file = BytesIO()
    extra = {"Software": None} if name.endswith(".png") else {"Date": None, "Creator": None}
    with mpl.rc_context(STYLE):
        FIGURES[name]().savefig(file, format=name[-3:], metadata=extra)
    return file.getvalue()


def main() -> None:
    """Draw all figures to the folder of this script."""
    for name in FIGURES:
        (FOLDER / name).write_bytes(draw(name))
        print(FOLDER / name)


# Plots


def _plot() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots()
    _tidy(axes)
    axes.grid(color=GRAY, alpha=0.25)
    return figure, axes


def _tidy(axes: Axes) -> None:
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)


def _labeled(axes: Axes, x: Array, y: Array, line: Line) -> None:
    color, style, label, position = line
    axes.plot(x, y, style, color=color)
    axes.text(*position, label, color=color)


def _curve_and_derivative(axes: Axes, layer: Layer, x: Array) -> None:
    """Plot a layer's output for x, and its backward pass for ones: its derivative."""
    y, backward = layer.forward({}, x)
    derivative = backward(np.ones_like(x), {})
    assert derivative is not None
    axes.plot(x, y, color=BLUE)
    axes.plot(x, derivative, "--", color=ORANGE)
    axes.set_xlabel("$x$")


def _descend(optimizer: Optimizer, rate: float, slopes: Array, start: Array) -> Array:
    """Run an optimizer for 40 steps; return the path, (41, 2)."""
    params, state = start.copy(), np.zeros((optimizer.state_vectors, 2))
    path = [start]
    for step in range(40):
        optimizer.step(params, slopes * params, state, rate, step)
        path.append(params.copy())
    return np.array(path)


# Diagrams


def _blank_axes(height: float, limits: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    """Make a figure 9 inches wide, with axes that show only what is drawn on them."""
    figure = Figure(figsize=(9, height))
    figure.patch.set_alpha(0)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis(limits)
    axes.axis("off")
    return figure, axes


def _column(size: int) -> list[float]:
    """Return the heights at which a layer's units are drawn: all if it has ten, else only some."""
    if size == 10:
        return np.linspace(1, -1, 10).tolist()
    half = np.linspace(1, 0.2, 6 if size > 500 else 5)
    return [*half.tolist(), *(-half[::-1]).tolist()]


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str, bend: float = 0
) -> None:
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "color": color,
        "connectionstyle": f"arc3,rad={bend}",
    }
    axes.annotate("", end, start, arrowprops=style)


def _name(layer: Layer) -> str:
    name = type(layer).__name__
    return f"{name}\n{layer.inputs} to {layer.outputs}" if isinstance(layer, Dense) else name


# Images


def _canvas(width: int, height: int) -> tuple[Figure, Callable[..., Axes]]:
    """Make a figure of this size in dots, and a function that adds framed axes to it.

    Positions are in dots from the lower left, so that all pixels of an image are equally wide.
    """
    figure = Figure(figsize=(width / 200, height / 200), dpi=200)
    figure.patch.set_alpha(0)

    def box(left: int, bottom: int, width_here: int, height_here: int, title: str = "") -> Axes:
        axes = figure.add_axes(
            (left / width, bottom / height, width_here / width, height_here / height)
        )
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=11)
        return axes

    return figure, box


def _grid(rows: dict[str, Pixels]) -> Figure:
    """Draw rows of images, each with its name in front."""
    side = 4 * 28
    pitch, margin = side + 8, 400
    columns = len(next(iter(rows.values())))
    figure, box = _canvas(width=margin + columns * pitch, height=len(rows) * pitch)
    for row, (name, images) in enumerate(rows.items()):
        bottom = (len(rows) - 1 - row) * pitch + 4
        for column, image in enumerate(images):
            axes = box(margin + column * pitch, bottom, side, side)
            axes.imshow(image, "gray", vmin=0, vmax=255, interpolation="nearest")
            if column == 0:
                axes.text(-4, 13.5, name, ha="right", va="center", fontsize=11)
    return figure


def _weights(axes: Axes, weights: Array) -> None:
    """Draw the weights of a small filter as a table of numbers."""
    axes.imshow(weights, BLUE_TO_ORANGE, vmin=-2, vmax=2)
    for row, column in np.ndindex(*weights.shape):
        number = f"{weights[row, column]:g}".replace("-", "\N{MINUS SIGN}")
        axes.text(column, row, number, color="white", ha="center", va="center", fontsize=9)


def _five() -> Pixels:
    """Draw a five and preprocess it: uint8 (28, 28)."""
    angles = np.linspace(-0.62 * np.pi, 0.8 * np.pi, 40)
    bowl = np.stack([112 + 58 * np.cos(angles), 178 + 56 * np.sin(angles)], axis=1)
    down = np.concatenate([[(96, 48), (84, 126)], bowl])
    bar = np.array([(96, 48), (176, 42)])
    return ink.from_ink(draw_strokes([down, bar], 22, (280, 280)))


def _blue_two_on_yellow(height: int, width: int) -> Pixels:
    """Draw a two with a wide blue pen in a corner of a yellow image: uint8 (H, W, 4)."""
    angles = np.linspace(np.pi, -0.25 * np.pi, 40)
    arc = np.stack([90 + 32 * np.cos(angles), 62 - 32 * np.sin(angles)], axis=1)
    path = np.concatenate([arc, [(58, 160), (128, 160)]])
    # Points along the path, so close that the discs around them merge into one stroke.
    lengths = np.append(0, np.cumsum(np.hypot(*np.diff(path, axis=0).T)))
    along = np.arange(0, lengths[-1], 0.5)
    points = np.stack([np.interp(along, lengths, axis) for axis in path.T], axis=1)
    y, x = np.mgrid[:height, :width]
    nearest = np.full((height, width), np.inf)
    for point_x, point_y in points:
        nearest = np.minimum(nearest, np.hypot(x - point_x, y - point_y))
    ink = np.clip(9 - nearest, 0, 1)[..., None]
    color = ink * np.array([40, 60, 150]) + (1 - ink) * np.array([250, 240, 190])
    opaque = np.full((height, width, 1), 255)
    return np.concatenate([color, opaque], axis=2).astype(np.uint8)


if __name__ == "__main__":
    main()
