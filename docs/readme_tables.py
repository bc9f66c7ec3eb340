"""Write README's tables from what the benchmarks measured: cog runs this (`make cards`)."""

import json
import statistics
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks/results"

# Recipe and training data, as in accuracy.json, and what README says about them, in its order.
RECIPES = {
    ("classic", "MNIST"): "the write-up to the letter: sigmoid, one example at a time",
    ("mlp", "MNIST"): "the same hidden sizes, trained with today's methods",
    ("mlp", "MNIST + Pendigits"): "the same",
    ("mlp-large", "MNIST"): "two hidden layers of 1,024: the best without convolution",
    ("cnn-small", "MNIST"): "four small convolutions, 95,455 parameters",
    ("cnn-small", "MNIST + Pendigits"): "the same; the default model",
}


TRAINED_ON = {"MNIST": "MNIST alone", "MNIST + Pendigits": "with Pendigits"}


def recipes() -> str:
    """Write the table of recipes, as Markdown.

    raises   ValueError if a recipe was measured that RECIPES does not describe
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
            "what it is",
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
    """Write the table of speed against peers, as Markdown."""
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
    # With one connection the client waits, not the server.
    answers = {
        side: statistics.median(
            case["ratio"]
            for case in _figures("serving")["cases"]
            if case["side_px"] == side and case["connections"] > 1
        )
        for side in (28, 280)
    }
    scikit = training["inkdigits / scikit_learn_mlp"]
    return _table(
        ["", "ours / theirs"],
        [
            [
                "training 784-128-64-10, PyTorch",
                f"{mlp:.2f} of the time ({fused:.2f} with its fused optimizer)",
            ],
            ["training 784-128-64-10, scikit-learn", f"{scikit:.2f} of the time"],
            ["training `classic`, the write-up's loop", f"{loop:.2f} of the time"],
            [
                "one forward pass of `mlp`, ONNX Runtime",
                f"{_figures('latency')['ratio']:.2f} of the time",
            ],
            [
                "`classic` preprocessing of 60,000 images, loops over pixels",
                f"{preprocessing:.3f} of the time",
            ],
            [
                "requests per second, Flask with Gunicorn and ONNX Runtime",
                f"{answers[28]:.2f} of the rate for a 28x28 image, {answers[280]:.2f} for 280x280",
            ],
        ],
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in lines)


def _figures(benchmark: str) -> dict[str, Any]:
    result = json.loads((RESULTS / f"{benchmark}.json").read_text(encoding="utf-8"))
    figures: dict[str, Any] = result["figures"]
    return figures
