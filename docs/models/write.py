"""Writes the model cards, and the page of results, from what the benchmarks kept.

A card says of a shipped model what its file says, and what was measured of it. A figure counts for
a card only if it was measured of that very file, by its SHA-256: what was not is said to be "not
measured".
"""

import json
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Undefined

from inkdigits.data import mnist, pendigits
from inkdigits.model_file import load_model, shipped_models
from inkdigits.recipes import RECIPES

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "results.md"
RESULTS = FOLDER.parents[1] / "benchmarks/results"
OF_FILES = ("calibration", "drawings", "robustness", "refusal")
OF_RECIPES = "accuracy"
OF_PARTS = ("ablation", "two_by_two", "test_time_augmentation", "preprocessing")
_MNIST = "MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges"
ORIGINS = {
    mnist.TRAIN_IMAGES: _MNIST,
    mnist.TRAIN_LABELS: _MNIST,
    mnist.TRAIN_WRITERS: "QMNIST, by C. Yadav and L. Bottou (BSD license): who wrote each digit",
    pendigits.NAME: "pen digits, by E. Alpaydin and F. Alimoglu (CC BY 4.0): writers 1 to 20",
}
WORST = 10  # levels of the drawings' factors that are shown
ELSEWHERE = ("recipe", "data", "versions")  # of what a file says of its training
LEAST_DRAWINGS = 100  # of a level, or chance decides what is worst

Results: TypeAlias = dict[str, dict[str, Any]]  # what each benchmark kept, by the benchmark's name


def load_results() -> Results:
    """Read what the benchmarks kept, as far as they did."""
    paths = {name: RESULTS / f"{name}.json" for name in (OF_RECIPES, *OF_FILES, *OF_PARTS)}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.exists()
    }


def card(name: str, results: Results) -> str:
    """Write the card of a shipped model, as Markdown."""
    path = shipped_models()[name]
    model = load_model(path)
    seeds = _figures(results.get(OF_RECIPES)).get(model.recipe, {})
    seeds = {data: summary for data, summary in seeds.items() if data != "published"}
    measured = {name: _of(model.digest, results.get(name)) for name in OF_FILES}
    used = {OF_RECIPES: seeds} | measured
    return (
        _environment()
        .get_template("card.jinja")
        .render(
            name=name,
            model=model,
            commit=_commit(model.digest, seeds),
            recipe=RECIPES[model.recipe],
            size=path.stat().st_size,
            origins=ORIGINS,
            settings=_settings(model.training),
            seeds=seeds,
            coverage=_coverage(measured["calibration"].get("read", {})),
            worst_levels=_worst_levels(measured["drawings"].get("by factor", {})),
            least_drawings=LEAST_DRAWINGS,
            results={name: results[name] for name, figures in used.items() if figures}
            | _trainings(model.recipe, seeds),
            **measured,
        )
    )


def _trainings(recipe: str, seeds: dict[str, Any]) -> Results:
    """How the recipe was trained with several seeds, at which commits; nothing if it was not."""
    runs = [run for summary in seeds.values() for run in summary["runs"]]
    commits = sorted({run["commit"] for run in runs if "commit" in run})
    command = f"python benchmarks/accuracy.py --recipes {recipe}"
    return {OF_RECIPES: {"command": command, "commit": ", ".join(commits)}} if runs else {}


def page(results: Results) -> str:
    """Write the page that compares recipes, models and their parts, as Markdown."""
    names = (OF_RECIPES, *OF_FILES, *OF_PARTS)
    figures = {name: _figures(results.get(name)) for name in names}
    return _environment().get_template("results.jinja").render(**figures)


def _figures(result: dict[str, Any] | None) -> dict[str, Any]:
    figures: dict[str, Any] = result["figures"] if result else {}
    return figures


def _of(digest: str, result: dict[str, Any] | None) -> dict[str, Any]:
    """What a benchmark found of the model with this digest, and on what; nothing if it did not."""
    figures = _figures(result)
    for record in figures.get("models", []):
        if record["digest"] == digest:
            return {key: figures[key] for key in figures if key != "models"} | record
    return {}


def _commit(digest: str, seeds: dict[str, dict[str, Any]]) -> str | None:
    """The commit at which a model was trained, if it is one of those that were trained anew."""
    runs = (run for summary in seeds.values() for run in summary["runs"])
    return next((run.get("commit") for run in runs if run.get("digest") == digest), None)


def _settings(training: dict[str, Any]) -> dict[str, Any]:
    """What training was asked for, without what stands elsewhere on the card."""
    settings = {key: value for key, value in training.items() if key not in ELSEWHERE}
    if "targets" in settings:
        right, *others = settings["targets"]
        settings["targets"] = f"{right:.4g} for the right class, {others[0]:.4g} for each other"
    return settings


def _coverage(read: dict[str, dict[str, Any]]) -> list[tuple[dict[str, Any], ...]]:
    """At each confidence, what is left of each that was read."""
    return list(zip(*(figures["coverage"] for figures in read.values()), strict=True))


def _worst_levels(by_factor: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The levels that were read worst, the worst first, of those that are frequent enough."""
    levels = [
        {"factor": factor, "level": level, **figures}
        for factor, levels in by_factor.items()
        for level, figures in levels.items()
        if figures["drawings"] >= LEAST_DRAWINGS and level != "none"
    ]
    return sorted(levels, key=lambda level: level["accuracy"])[:WORST]


def _environment() -> Environment:
    """Make what fills templates: in them, what is missing is "not measured"."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=ChainableUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "number": _number, "accuracy": _accuracy}
    return environment


def _percent(share: object) -> str:
    return "not measured" if _is_missing(share) else f"{share:.2%}"


def _accuracy(runs: dict[str, Any]) -> str:
    """Write the mean over seeds, and how far it spreads if there are several."""
    mean = _percent(runs["accuracy_mean"])
    spread = runs["accuracy_spread"]
    return mean if spread is None else f"{mean} ± {_percent(spread)}"


def _number(value: object) -> str:
    return "not measured" if _is_missing(value) else f"{value:.4f}"


def _is_missing(value: object) -> bool:
    return value is None or isinstance(value, Undefined)


def main() -> None:
    """Write the card of every shipped model, and the page."""
    results = load_results()
    pages = {FOLDER / f"{name}.md": card(name, results) for name in shipped_models()}
    for path, text in (pages | {PAGE: page(results)}).items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path)


if __name__ == "__main__":
    main()
