"""Generate README's tables from the benchmark results: cog runs this (`make cards`)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import handwriting

RESULTS = Path(__file__).parents[1] / "benchmarks/results"

# Recipe and training data, as in accuracy.json, and their description, in the order of the rows.
# Rows that were not measured are left out.
RECIPES = {
    ("classic", "MNIST"): "the write-up, reproduced: sigmoid, one example at a time",
    ("mlp", "MNIST"): "the same hidden layer sizes, with ReLU, AdamW and augmentation",
    ("mlp", "MNIST + Pendigits"): "the same",
    ("mlp", "all sources"): "the same",
    ("mlp-large", "MNIST"): "two hidden layers of 1,024: the most accurate without convolutions",
    ("cnn-small", "MNIST"): "four small convolutions, 95,455 parameters",
    ("cnn-small", "MNIST + Pendigits"): "the same; the default model",
    ("cnn-small", "all sources"): "the same; the default model",
    ("cnn", "all sources"): "six wide convolutions, 584,427 parameters; best trained on a GPU",
}
TRAINED_ON = {
    "MNIST": "MNIST alone",
    "MNIST + Pendigits": "with Pendigits",
    "all sources": "all data sets",
}


def people() -> str:
    """Return the table of whose digits are recognized how well, as Markdown."""
    head, *rows = handwriting.table(handwriting.load_results(RESULTS, handwriting.BENCHMARKS))
    return table(head, rows)


def recipes() -> str:
    """Return the table of recipes, as Markdown.

    raises   ValueError if RECIPES does not describe a recipe that was measured
    """
    measured = load_figures("accuracy")
    runs = {(recipe, data) for recipe in measured for data in measured[recipe]}
    undescribed = {(recipe, data) for recipe, data in runs if data != "published"} - set(RECIPES)
    if undescribed:
        raise ValueError(f"describe {sorted(undescribed)} in {__file__}")
    rows = [
        _recipe(recipe, data, text, measured[recipe][data])
        for (recipe, data), text in RECIPES.items()
        if data in measured.get(recipe, {})
    ]
    return table(
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


# Rows of the speed table: benchmark, work as in its results, peer, and a description.
SPEED = (
    ("inference", "`mlp`, forward pass of one picture", "ONNX Runtime", None),
    ("inference", "`cnn-small`, forward pass of one picture", "ONNX Runtime", None),
    (
        "inference",
        "`cnn-small`, logits of 10,000 pictures, per picture",
        "ONNX Runtime",
        "`cnn-small`, 10,000 pictures",
    ),
    ("training", "`mlp`, training step of 128 pictures", "PyTorch", None),
    ("training", "`cnn-small`, training step of 128 pictures", "PyTorch", None),
    ("augmentation", "augmenting 128 pictures as `cnn-small` does", "PyTorch", None),
    (
        "training",
        "`mlp`, an epoch of 12,800 pictures with augmentation",
        "PyTorch",
        "`mlp`, an epoch with augmentation",
    ),
    (
        "training",
        "784-128-64-10 without augmentation, an epoch of 30,000 pictures",
        "scikit-learn",
        "784-128-64-10, an epoch without augmentation",
    ),
    (
        "recognition",
        "PNG of 280x280 to answer",
        "Pillow + our preprocessing + ONNX Runtime",
        None,
    ),
    (
        "recognition",
        "`inkdigits predict FILE`, whole process",
        "script with ONNX Runtime",
        None,
    ),
    ("recognition", "`inkdigits predict FILE`, whole process", "script with PyTorch", None),
)


def peers() -> str:
    """Return the table of speed against other implementations, as Markdown."""
    rows = []
    for benchmark, work, peer, description in SPEED:
        by_threads = {
            row["threads"]: row for row in load_figures(benchmark)["rows"] if row["work"] == work
        }
        ratios = [_ratio(by_threads.get(threads), "ratios", peer) for threads in (1, 2)]
        rows.append([description or work, peer, *ratios])
    header = ["task", "compared with", "1 thread: time / its time", "2 threads"]
    return table(header, rows)


def rates() -> str:
    """Return the table of the service's rate against the same service from common parts."""
    rows = []
    for row in load_figures("serving")["rows"]:
        if row["threads"] == 2:
            ratios = [_ratio(row, "rate_ratios", peer) for peer in row["rate_ratios"]]
            rows.append([row["work"].removeprefix("service, "), *ratios])
    header = ["requests", "rate / that of Flask, Gunicorn, Pillow, ONNX Runtime"]
    return table([*header, "the same with our preprocessing"], rows)


def _ratio(row: dict[str, Any] | None, key: str, peer: str) -> str:
    """Format the median; the mark is for a row that other processes disturbed."""
    if row is None:
        return ""
    return f"{row[key][peer][1]:.2f}" + ("" if row["quiet"] else " †")


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def load_figures(benchmark: str) -> dict[str, Any]:
    """Load the figures of a benchmark from its results."""
    result = json.loads((RESULTS / f"{benchmark}.json").read_text(encoding="utf-8"))
    figures: dict[str, Any] = result["figures"]
    return figures
