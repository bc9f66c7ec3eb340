"""Generate README's tables from the benchmark results: cog runs this (`make cards`)."""

import json
import statistics
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks/results"

# Recipe and training data, as in accuracy.json, and their description, in the order of the rows.
RECIPES = {
    ("classic", "MNIST"): "the write-up, reproduced: sigmoid, one example at a time",
    ("mlp", "MNIST"): "the same hidden layer sizes, with ReLU, AdamW and augmentation",
    ("mlp", "MNIST + Pendigits"): "the same",
    ("mlp-large", "MNIST"): "two hidden layers of 1,024: the most accurate without convolutions",
    ("cnn-small", "MNIST"): "four small convolutions, 95,455 parameters",
    ("cnn-small", "MNIST + Pendigits"): "the same; the default model",
}
TRAINED_ON = {"MNIST": "MNIST alone", "MNIST + Pendigits": "with Pendigits"}


def recipes() -> str:
    """Return the table of recipes, as Markdown.

    raises   ValueError if RECIPES does not describe a recipe that was measured
    """
    measured = _figures("accuracy")
    runs = {(recipe, data) for recipe in measured for data in measured[recipe]}
    undescribed = {(recipe, data) for recipe, data in runs if data != "published"} - set(RECIPES)
    if undescribed:
        raise ValueError(f"describe {sorted(undescribed)} in {__file__}")
    rows = [
        _recipe(recipe, data, text, measured[recipe][data])
        for (recipe, data), text in RECIPES.items()
    ]
    return _table(
        [
            "recipe",
            "description",
            "trained on",
            "test accuracy",
            "seeds",
            "new writers: mean, worst",
        ],
        rows,
    )


def _recipe(recipe: str, data: str, text: str, runs: dict[str, Any]) -> list[str]:
    mean, spread = runs["accuracy_mean"], runs["accuracy_std"]
    return [
        f"`{recipe}`",
        text,
        TRAINED_ON[data],
        f"{mean:.2%}" if spread is None else f"{mean:.2%} ± {100 * spread:.2f}",
        str(len(runs["runs"])),
        f"{runs['writers_mean_mean']:.2%}, {runs['writers_worst_mean']:.2%}",
    ]


def peers() -> str:
    """Return the table of speed against other implementations, as Markdown."""
    training = _figures("training")["ratios"]
    mlp, fused, loop = (
        training[name]
        for name in (
            "inkdigits / pytorch_mlp",
            "inkdigits / pytorch_mlp_fused",
            "classic per example / the write-up's 622 us",
        )
    )
    preprocessing = _figures("preprocessing")["classic / loops"]
    # With one connection, the server spends much of its time waiting for the client.
    requests = {
        side: statistics.median(
            case["ratio"]
            for case in _figures("serving")["cases"]
            if case["side_px"] == side and case["connections"] > 1
        )
        for side in (28, 280)
    }
    scikit = training["inkdigits / scikit_learn_mlp"]
    return _table(
        ["task", "compared with", "inkdigits / the other"],
        [
            [
                "training 784-128-64-10",
                "PyTorch",
                f"{mlp:.2f}x the time ({fused:.2f}x with its fused optimizer)",
            ],
            ["training 784-128-64-10", "scikit-learn", f"{scikit:.2f}x the time"],
            ["training `classic`", "the write-up's loop", f"{loop:.2f}x the time"],
            [
                "one forward pass of `mlp`, one image",
                "ONNX Runtime",
                f"{_figures('latency')['ratio']:.2f}x the time",
            ],
            [
                "`classic` preprocessing of 60,000 images",
                "loops over pixels",
                f"{preprocessing:.3f}x the time",
            ],
            [
                "requests per second",
                "Flask with Gunicorn and ONNX Runtime",
                f"{requests[28]:.2f}x the rate for 28x28 images, {requests[280]:.2f}x for 280x280",
            ],
        ],
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _figures(benchmark: str) -> dict[str, Any]:
    result = json.loads((RESULTS / f"{benchmark}.json").read_text(encoding="utf-8"))
    figures: dict[str, Any] = result["figures"]
    return figures
