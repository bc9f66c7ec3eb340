"""Write the model cards and the results page from the results of the benchmarks.

A card shows what a shipped model file contains and what was measured on it. A figure is shown only
if it was measured on exactly that file, identified by its SHA-256; otherwise the card says "not
measured".
"""

from pathlib import Path
from typing import Any, TypeAlias

import handwriting
import personal
from handwriting import of_file
from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Undefined

from inkdigits.data import development
from inkdigits.interchange.card import ORIGINS, intended_use
from inkdigits.model_file import load_model, shipped_models
from inkdigits.nn.layers import Dense
from inkdigits.nn.network import Network

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "results.md"
RESULTS = FOLDER.parents[1] / "benchmarks/results"
# The benchmarks, by what they measure: a recipe, a model file or a design choice.
BY_RECIPE = "accuracy"
BY_FILE = ("writers", "calibration", "drawings", "any_picture", "robustness", "rejection")
BY_DESIGN = ("ablation", "preprocessing_ablation", "tta", "preprocessing", "sklearn_classifier")
BY_WRITER = "adaptation"
# The names in calibration.json.
MNIST, PENDIGITS, DRAWINGS = "MNIST", development.PENDIGITS, "simulated drawings"
DATASETS = (*development.SOURCES, MNIST, DRAWINGS)
CURVES = (MNIST, PENDIGITS, DRAWINGS)  # those whose risk-coverage curves are shown
WORST = 10  # number of conditions that a card lists
MIN_DRAWINGS = 100  # under a condition; with fewer, its accuracy is too uncertain
SHOWN_ELSEWHERE = ("type", "name", "summary", "preprocessing")  # fields of a recipe

Results: TypeAlias = dict[str, dict[str, Any]]  # by benchmark


def load_results() -> Results:
    """Load the results that exist."""
    return handwriting.load_results(RESULTS, (BY_RECIPE, *BY_FILE, *BY_DESIGN, BY_WRITER))


def card(name: str, results: Results) -> str:
    """Render the card of a shipped model as Markdown."""
    path = shipped_models()[name]
    model = load_model(path)
    seeds = _figures(results.get(BY_RECIPE)).get(model.recipe, {})
    seeds = {data: summary for data, summary in seeds.items() if data != "published"}
    by_file = {name: of_file(model.digest, results.get(name)) for name in BY_FILE}
    used = {BY_RECIPE: seeds} | by_file
    return (
        _environment()
        .get_template("card.jinja")
        .render(
            name=name,
            model=model,
            commit=_commit(model.digest, seeds),
            dense_sizes=_dense_sizes(model.network),
            size=path.stat().st_size,
            origins=ORIGINS,
            who=handwriting.card_table(model, results),
            intended_use=intended_use(model),
            settings=_settings(model.training),
            seeds=seeds,
            curves=_curves(by_file["calibration"].get("datasets", {})),
            worst_levels=_worst_levels(by_file["drawings"].get("by_condition", {})),
            min_drawings=MIN_DRAWINGS,
            results={name: results[name] for name, figures in used.items() if figures}
            | _training_runs(model.recipe, seeds),
            DATASETS=DATASETS,
            MNIST=MNIST,
            PENDIGITS=PENDIGITS,
            **by_file,
        )
    )


def page(results: Results) -> str:
    """Render the page that compares recipes, models and design choices as Markdown."""
    names = (BY_RECIPE, *BY_FILE, *BY_DESIGN)
    figures = {name: _figures(results.get(name)) for name in names}
    head, *rows = handwriting.table(results)
    adapted = personal.tables(_figures(results.get(BY_WRITER)))
    return (
        _environment()
        .get_template("results.jinja")
        .render(head=head, rows=rows, personal=adapted, **figures)
    )


def _training_runs(recipe: str, seeds: dict[str, Any]) -> Results:
    """Return the command and the commits of the runs with several seeds; empty without runs."""
    runs = [run for summary in seeds.values() for run in summary["runs"]]
    commits = sorted({run["commit"] for run in runs if "commit" in run})
    command = f"python benchmarks/accuracy.py --recipes {recipe}"
    return {BY_RECIPE: {"command": command, "commit": ", ".join(commits)}} if runs else {}


def _figures(result: dict[str, Any] | None) -> dict[str, Any]:
    figures: dict[str, Any] = result["figures"] if result else {}
    return figures


def _commit(digest: str, seeds: dict[str, dict[str, Any]]) -> str | None:
    """Return the commit at which a model was trained, if the model is from one of the runs."""
    runs = (run for summary in seeds.values() for run in summary["runs"])
    return next((run.get("commit") for run in runs if run.get("digest") == digest), None)


def _dense_sizes(network: Network) -> list[int]:
    """Return the input size of the first dense layer and the output size of each."""
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    return [dense[0].inputs, *(layer.outputs for layer in dense)]


def _settings(training: dict[str, Any]) -> dict[str, str]:
    """Format the training settings, except those that the card shows elsewhere."""
    settings = training["recipe"] | {key: training[key] for key in ("seed", "limit")}
    return {
        key: _setting(value)
        for key, value in sorted(settings.items())
        if key not in SHOWN_ELSEWHERE
    }


def _setting(value: object) -> str:
    """Format a JSON value; a typed object looks like its repr in Python: SGD(momentum=0.9)."""
    match value:
        case {"type": str(name), **fields}:
            arguments = ", ".join(f"{key}={_setting(field)}" for key, field in fields.items())
            return f"{name}({arguments})" if arguments else name
        case list():
            return f"[{', '.join(map(_setting, value))}]"
    return str(value)


def _curves(datasets: dict[str, dict[str, Any]]) -> list[tuple[dict[str, Any], ...]]:
    """Return the points of the risk-coverage curves of CURVES, threshold by threshold."""
    curves = [datasets[name]["risk_coverage"] for name in CURVES if name in datasets]
    return list(zip(*curves, strict=True))


def _worst_levels(by_condition: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the conditions with the lowest accuracy, lowest first, except rare ones."""
    levels = [
        {"factor": factor, "level": level, **figures}
        for factor, levels in by_condition.items()
        for level, figures in levels.items()
        if figures["drawings"] >= MIN_DRAWINGS and level != "none"
    ]
    return sorted(levels, key=lambda level: level["accuracy"])[:WORST]


def _environment() -> Environment:
    """Make the template environment, in which missing figures are "not measured"."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=ChainableUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": _percent,
        "number": _number,
        "accuracy": _accuracy,
        "minutes": _minutes,
    }
    return environment


def _percent(share: object) -> str:
    return "not measured" if _is_missing(share) else f"{share:.2%}"


def _accuracy(runs: dict[str, Any]) -> str:
    """Format the mean over seeds, with the standard deviation if there are several."""
    mean = _percent(runs["accuracy_mean"])
    deviation = runs["accuracy_std"]
    return mean if deviation is None else f"{mean} ± {_percent(deviation)}"


def _number(value: object) -> str:
    return "not measured" if _is_missing(value) else f"{value:.4f}"


def _minutes(seconds: Any) -> str:
    return "not measured" if _is_missing(seconds) else f"{seconds / 60:.1f}"


def _is_missing(value: object) -> bool:
    return value is None or isinstance(value, Undefined)


def main() -> None:
    """Write the card of every shipped model and the results page."""
    results = load_results()
    pages = {FOLDER / f"{name}.md": card(name, results) for name in shipped_models()}
    for path, text in (pages | {PAGE: page(results)}).items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path)


if __name__ == "__main__":
    main()
