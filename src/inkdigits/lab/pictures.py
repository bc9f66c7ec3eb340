"""What is shown of a network while it learns: weights as pictures, histograms, a drawing."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.lab.files import read_json, write_json
from inkdigits.model_file import Model
from inkdigits.nn.convolution import Conv2D
from inkdigits.nn.layers import Dense
from inkdigits.recipes import Recipe
from inkdigits.recognizer import Recognizer

DRAWING = "drawing.json"
MAX_UNITS = 64  # that are shown
BINS = 30
MAX_VALUES = 50_000  # of a layer, for a histogram
LEVELS = 127  # of a quantized weight, to each side of 0
MAX_CANDIDATES = 3


def weight_pictures(recipe: Recipe, params: Array) -> dict[str, Any] | None:
    """Quantize the first layer's weights: 28x28 pictures, or the kernels of a convolution.

    params   float32 (P,)
    returns  None if the first layer with parameters is neither dense nor a convolution of images
    """
    network = recipe.network
    for number, layer in enumerate(network.layers):
        if not layer.param_shapes():
            continue
        weight = network.layer_params(params)[number]["weight"]
        if isinstance(layer, Dense) and layer.inputs == IMAGE_SIDE**2:
            pictures = weight.T[:MAX_UNITS].reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
        elif isinstance(layer, Conv2D) and layer.channels == 1:
            size = layer.kernel_size
            pictures = weight.reshape(size, size, -1).transpose(2, 0, 1)[:MAX_UNITS]
        else:
            return None
        scale = np.abs(pictures).max(axis=(1, 2))
        levels = np.rint(pictures * (LEVELS / np.maximum(scale, 1e-30))[:, None, None])
        return {
            "layer": number,
            "type": type(layer).__name__,
            "shape": list(pictures.shape[1:]),
            "scale": [_rounded(value) for value in scale.tolist()],
            "values": base64.b64encode(levels.astype(np.int8).tobytes()).decode(),
        }
    return None


def histograms(recipe: Recipe, params: Array, gradient: Array | None) -> list[dict[str, Any]]:
    """Count the values of the weights, and of their gradients, of each layer that has weights."""
    weights = recipe.network.unflatten(params)
    gradients = None if gradient is None else recipe.network.unflatten(gradient)
    return [
        {
            "layer": int(name.partition(".")[0]),
            "type": type(recipe.network.layers[int(name.partition(".")[0])]).__name__,
            "weights": _histogram(values),
            "gradients": gradients and _histogram(gradients[name]),
        }
        for name, values in weights.items()
        if name.endswith(".weight")
    ]


def _histogram(values: Array) -> dict[str, list[float]]:
    flat = values.reshape(-1)[:: max(1, values.size // MAX_VALUES)].astype(np.float64)
    low, high = (float(bound) for bound in (flat.min(), flat.max()))
    room = 1e-6 * max(abs(low), abs(high), 1e-6)  # where all are equal
    counts, edges = np.histogram(flat, BINS, (low - room, high + room))
    return {"edges": [_rounded(edge) for edge in edges.tolist()], "counts": counts.tolist()}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def predict_drawing(
    recipe: Recipe, params: Array, recent: Sequence[Array], candidates: Pixels
) -> dict[str, Any]:
    """Predict a drawing with the network as it is.

    params      float32 (P,), the moving average
    recent      images of some batches, for the statistics of batch normalization
    candidates  uint8 (K, 28, 28), as `Recognizer.preprocess_image` returns them
    """
    vector = recipe.network.fold_batch_norm(params, recent)
    model = Model.from_recipe(
        replace(recipe, tta=False), vector, rejection_threshold=0.0 if recipe.outliers else None
    )
    (prediction,) = Recognizer(model, recipe.name).predict_candidates([candidates])
    return {
        "digit": prediction.digit,
        "label": prediction.label,
        "reason": prediction.reason,
        "confidence": _rounded(prediction.confidence),
        "probabilities": [_rounded(value) for value in prediction.probabilities],
    }


def write_drawing(folder: Path, preprocessing: str, candidates: Pixels | None) -> None:
    """Keep the preprocessed drawing of a run, uint8 (K, 28, 28), or none; raise OSError."""
    levels = None if candidates is None else base64.b64encode(candidates.tobytes()).decode()
    write_json(folder / DRAWING, {"preprocessing": preprocessing, "candidates": levels})


def read_drawing(folder: Path, preprocessing: str) -> Pixels | None:
    """Return what `write_drawing` kept, if it was preprocessed in this way."""
    match read_json(folder / DRAWING, None):
        case {"preprocessing": str() as used, "candidates": str() as text} if used == preprocessing:
            try:
                levels = np.frombuffer(base64.b64decode(text), np.uint8)
                candidates = levels.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
            except ValueError:
                return None
            return candidates if 1 <= len(candidates) <= MAX_CANDIDATES else None
    return None
