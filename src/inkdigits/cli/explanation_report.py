"""Render an explanation as one self-contained HTML sheet, which prints on two pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from inkdigits.arrays import Array
from inkdigits.cli.explanation_pictures import (
    Blocks,
    Picture,
    blocks_of,
    of_change,
    of_ink,
    of_layer,
    of_map,
    region_of,
)
from inkdigits.cli.report import render_page
from inkdigits.explain import Change, Explanation, FirstWeights, Layer, UnitExplanation
from inkdigits.imaging.decode import png_data_url

CLASSES_SHOWN = 11
CHANNELS_SHOWN = 5  # of a layer, in its table
TERMS_SHOWN = 10  # of a unit's sum
WEIGHTS_SHOWN = 48  # units of a first dense layer
STARTS_BLOCK = ("Conv2D", "Dense")  # layers with weights; those after them belong to them
PHOTOS = ("image", "gray")  # steps whose pictures are not ink


@dataclass(frozen=True)
class _Map:
    """A map of the 28x28 pixels with its table."""

    picture: Picture
    blocks: Blocks
    region: str


@dataclass(frozen=True)
class _LayerRow:
    """What a layer and those after it up to the next weights computed."""

    title: str
    shape: tuple[int, ...]
    activation: Picture
    contribution: Picture
    active: int
    total: int
    channels: list[tuple[int, float, float]]  # number, mean activation, sum of contributions


@dataclass(frozen=True)
class _Term:
    """One product of a unit's sum."""

    place: str
    input: float
    weight: float
    product: float


@dataclass(frozen=True)
class _Sum:
    """A unit's sum: its largest products, and all others together."""

    unit: UnitExplanation
    terms: list[_Term]
    others: int
    rest: float
    drives: _Map


def render_explanation(explanation: Explanation, name: str) -> str:
    """Render `explanation.html`.

    name     of the image, such as that of its file
    raises   ClickException if Jinja, which the extra `plots` installs, is missing
    """
    seen = explanation.prediction.seen
    outcome = explanation.prediction.label or "not a digit"
    return render_page(
        "explanation.html",
        name=name,
        explanation=explanation,
        outcome="blank" if explanation.prediction.reason == "blank" else outcome,
        target=explanation.target_name,
        classes=_classes(explanation),
        seen=of_ink(seen, f"What the network saw, 28 by 28 pixels; ink {region_of(seen / 255)}."),
        steps=[
            (
                step.title,
                png_data_url(step.picture)
                if step.name in PHOTOS
                else of_ink(step.picture, f"{step.title}: {_size(step.picture.shape)} pixels."),
                step.picture.shape,
            )
            for step in explanation.steps or ()
        ],
        saliency=_map(explanation, explanation.saliency, "Gradient at the pixels"),
        occlusion=_map(explanation, explanation.occlusion, "Fall of the logit when covered"),
        rows=list(_layer_rows(explanation.layers or ())),
        weights=None if explanation.weights is None else _weights(explanation.weights),
        unit=None if explanation.unit is None else _sum(explanation, explanation.unit),
        change=_change(explanation, explanation.change),
        neighbors=[
            (neighbor, None if neighbor.picture is None else of_ink(neighbor.picture, ""))
            for neighbor in explanation.neighbors or ()
        ],
        reversal=_change(
            explanation, None if explanation.rejection is None else explanation.rejection.change
        ),
    )


def _classes(explanation: Explanation) -> list[tuple[str, float, float | None]]:
    """Return name, logit and probability of the likeliest outputs, in the network's order."""
    probabilities = explanation.prediction.probabilities
    order = np.argsort(explanation.logits)[::-1][:CLASSES_SHOWN]
    shown = sorted({*order.tolist(), explanation.target})
    return [
        (
            explanation.class_names[place],
            explanation.logits[place],
            probabilities[place] if place < len(probabilities) else None,
        )
        for place in shown
    ]


def _map(explanation: Explanation, values: Array | None, title: str) -> _Map | None:
    if values is None:
        return None
    region = region_of(values)
    words = f"{title}, over the drawing; strongest {region}."
    return _Map(of_map(values, explanation.prediction.seen, words), blocks_of(values), region)


def _layer_rows(layers: Sequence[Layer]) -> Iterator[_LayerRow]:
    """Describe each layer with weights, together with what follows it up to the next one."""
    blocks = np.cumsum([layer.type in STARTS_BLOCK for layer in layers]).tolist()
    pairs = zip(blocks, layers, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        block = [layer for _, layer in group if layer.type not in ("Flatten", "AddChannel")]
        if not block:
            continue
        last = block[-1]
        names = ", ".join(layer.type for layer in block)
        first = block[0].index
        numbers = f"Layer {first}" if len(block) == 1 else f"Layers {first} to {last.index}"
        title = f"{numbers}: {names}"
        channels = _channels(last)
        best = max(channels, key=lambda channel: channel[2])[0]
        words = f"{title}, {_size(last.output_shape)}"
        yield _LayerRow(
            title=title,
            shape=last.output_shape,
            activation=of_layer(last.activation, f"Activations of {words}."),
            contribution=of_layer(
                last.contribution, f"Contributions of {words}; number {best} has the largest."
            ),
            active=int(np.count_nonzero(last.activation)),
            total=last.activation.size,
            channels=_extremes(channels),
        )


def _channels(layer: Layer) -> list[tuple[int, float, float]]:
    """Return number, mean activation and sum of contributions of each map or unit."""
    axes = tuple(range(layer.activation.ndim - 1))
    means, sums = layer.activation.mean(axis=axes), layer.contribution.sum(axis=axes)
    return [(number, float(means[number]), float(sums[number])) for number in range(len(sums))]


def _extremes(channels: list[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    """Return the channels with the largest contributions, for and against."""
    ordered = sorted(channels, key=lambda channel: -channel[2])
    if len(ordered) <= 2 * CHANNELS_SHOWN:
        return ordered
    return ordered[:CHANNELS_SHOWN] + ordered[-CHANNELS_SHOWN:]


def _weights(weights: FirstWeights) -> tuple[FirstWeights, Picture, int]:
    """Return the weights, their picture, and how many of them it shows."""
    values = weights.values.reshape(*weights.values.shape[:2], -1)[..., :WEIGHTS_SHOWN]
    words = f"Weights of layer {weights.layer}, a picture for each unit."
    return weights, of_layer(values, words), values.shape[-1]


def _sum(explanation: Explanation, unit: UnitExplanation) -> _Sum:
    """Write out a unit's sum."""
    drives = _map(explanation, unit.drives, "Pixels that drive the unit")
    assert drives is not None
    if unit.weights is None:
        return _Sum(unit, [], 0, 0.0, drives)
    products = unit.inputs.astype(np.float64) * unit.weights
    order = np.argsort(-np.abs(products), axis=None)[:TERMS_SHOWN]
    terms = []
    for place in map(int, order):
        index = [int(step) for step in np.unravel_index(place, products.shape)]
        terms.append(
            _Term(
                ", ".join(map(str, index)),
                float(unit.inputs.flat[place]),
                float(unit.weights.flat[place]),
                float(products.flat[place]),
            )
        )
    rest = float(products.sum()) - sum(term.product for term in terms)
    return _Sum(unit, terms, products.size - len(terms), rest, drives)


def _change(explanation: Explanation, change: Change | None) -> tuple[Change, Picture] | None:
    if change is None:
        return None
    words = (
        f"The drawing with {len(change.added)} pixels added and {len(change.removed)} removed."
        if change.found
        else "The drawing, unchanged."
    )
    seen = explanation.prediction.seen
    return change, of_change(seen, change.added, change.removed, words)


def _size(shape: tuple[int, ...]) -> str:
    """Write a shape as words."""
    return " by ".join(map(str, shape))
