"""The table of whose digits are recognized how well: people first, MNIST second, then the rest."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from inkdigits.data.development import PENDIGITS, UNIPEN
from inkdigits.model_file import Model, load_model, shipped_models
from inkdigits.recipes import RECIPES

NOT_MEASURED = "not measured"
BENCHMARKS = ("writers", "drawings", "any_picture", "rejection")

Results: TypeAlias = Mapping[str, Mapping[str, Any]]  # by benchmark


@dataclass(frozen=True)
class Source:
    """Who wrote the digits, or what the pictures show.

    description  for people
    benchmark    one of BENCHMARKS, whose results have the figures
    name         the source's name in them; empty for the mean over all of their kinds
    """

    description: str
    benchmark: str
    name: str = ""


SOURCES = (
    Source("10 people in Turkey (Pendigits), pen on a tablet", "writers", PENDIGITS),
    Source("42 people from 12 countries (UNIPEN `ced`), pen on a tablet", "writers", UNIPEN["ced"]),
    Source("3 people in Germany (UNIPEN `gmd`), pen on a tablet", "writers", UNIPEN["gmd"]),
    Source("2 people in Spain (UNIPEN `val`), pen on a tablet", "writers", UNIPEN["val"]),
    Source(
        "employees and students in the USA (MNIST's test digits), scanned", "writers", "MNIST test"
    ),
    Source("simulated drawings of MNIST's test digits", "drawings", "simulated drawings"),
    Source("simulated photos, scans and screenshots of them", "any_picture"),
    Source("no digits (share rejected)", "rejection"),
)


@dataclass(frozen=True)
class Figures:
    """What was measured on one source; None where it was not, or does not apply.

    answered      share that is accepted and right; None for non-digits
    right         share whose most likely digit is right, even if it is rejected
    rejected      share that is rejected
    worst_writer  share that is accepted and right of the writer for whom it is lowest
    """

    answered: float | None = None
    right: float | None = None
    rejected: float | None = None
    worst_writer: float | None = None


def load_results(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Load the results of the benchmarks that have any, by name.

    folder  with a JSON file for each benchmark
    """
    paths = {name: folder / f"{name}.json" for name in names}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.exists()
    }


def of_file(digest: str, result: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a benchmark's figures for the file with this digest; empty if it was not measured."""
    figures = result["figures"] if result else {}
    for record in figures.get("models", []):
        if record["digest"] == digest:
            return {key: figures[key] for key in figures if key != "models"} | record
    return {}


def figures(source: Source, model: Model, results: Results) -> Figures:
    """Return what was measured on a source with a model file."""
    if source.benchmark == "rejection" and model.rejection_threshold is None:
        return Figures(rejected=0.0)
    record = of_file(model.digest, results.get(source.benchmark))
    if not record:
        return Figures()
    match source.benchmark:
        case "writers":
            return _of_writers(record["sources"].get(source.name))
        case "drawings":
            return Figures(answered=record["accuracy"].get(source.name))
        case "any_picture":
            return Figures(answered=_mean(record, "right"), rejected=_mean(record, "rejected"))
        case _:
            return Figures(rejected=_mean(record, "rejected"))


def _of_writers(scores: Mapping[str, Any] | None) -> Figures:
    if scores is None:
        return Figures()
    worst = scores["by_writer"]["worst"] if scores["by_writer"] else []
    return Figures(
        answered=scores["answered"],
        right=scores["right"],
        rejected=scores["rejected"],
        worst_writer=worst[0]["accuracy"] if worst else None,
    )


def _mean(record: Mapping[str, Any], share: str) -> float:
    """Return the mean of a share over the kinds of pictures."""
    shares = [kind[share] for kind in record["kinds"].values()]
    return sum(shares) / len(shares)


def table(results: Results) -> list[list[str]]:
    """Return the cells of a table with a column for each shipped model; the first row is its head.

    A cell has the share that is accepted and right, and that of the worst writer, if known.
    """
    models = [load_model(path) for path in shipped_models().values()]
    models.sort(key=lambda model: list(RECIPES).index(model.recipe), reverse=True)
    head = ["who wrote them, or what they are", *(f"`{model.recipe}`" for model in models)]
    rows = (
        [source.description, *(_cell(figures(source, model, results)) for model in models)]
        for source in SOURCES
    )
    return [head, *rows]


def _cell(measured: Figures) -> str:
    share = measured.rejected if measured.answered is None else measured.answered
    if share is None:
        return NOT_MEASURED
    worst = measured.worst_writer
    return f"{share:.2%}" + ("" if worst is None else f", {worst:.2%}")


def card_table(model: Model, results: Results) -> list[list[str]]:
    """Return the cells of a model's table: the source, and each of its Figures."""
    rows = []
    for source in SOURCES:
        measured = astuple(figures(source, model, results))
        cells = ["" if share is None else f"{share:.2%}" for share in measured]
        if not any(cells):
            cells[0] = NOT_MEASURED
        rows.append([source.description, *cells])
    return rows
