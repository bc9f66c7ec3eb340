"""The table of whose digits are recognized how well: people first, MNIST second, then the rest."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from inkdigits.data.development import PENDIGITS, UNIPEN
from inkdigits.model_file import Model, load_model, shipped_models
from inkdigits.recipes import RECIPES

NOT_MEASURED = "not measured"

Record: TypeAlias = Mapping[str, Any]  # what a benchmark measured on one model file
Results: TypeAlias = Mapping[str, Mapping[str, Any]]  # by benchmark


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


@dataclass(frozen=True)
class Source:
    """Who wrote the digits, or what the pictures show.

    description  for people
    benchmark    whose results have the figures
    figures      takes them from the record of a model
    """

    description: str
    benchmark: str
    figures: Callable[[Record], Figures]


def _of_writers(record: Record, source: str) -> Figures:
    scores = record["sources"].get(source)
    if scores is None:
        return Figures()
    worst = scores["by_writer"]["worst"] if scores["by_writer"] else []
    return Figures(
        answered=scores["answered"],
        right=scores["right"],
        rejected=scores["rejected"],
        worst_writer=worst[0]["accuracy"] if worst else None,
    )


def _of_made_digits(record: Record) -> Figures:
    kinds = record["made_digits"]
    return Figures(_mean(kinds, "answered"), _mean(kinds, "right"), _mean(kinds, "rejected"))


def _of_drawings(record: Record) -> Figures:
    return Figures(answered=record["accuracy"].get("simulated drawings"))


def _of_pictures(record: Record) -> Figures:
    return Figures(
        _mean(record["pictures"], "right"), rejected=_mean(record["pictures"], "rejected")
    )


def _of_non_digits(record: Record) -> Figures:
    return Figures(rejected=_mean(record["kinds"], "rejected"))


def _mean(kinds: Mapping[str, Mapping[str, float]], share: str) -> float:
    return sum(kind[share] for kind in kinds.values()) / len(kinds)


SOURCES = (
    Source(
        "10 people in Turkey (Pendigits), pen on a tablet",
        "writers",
        partial(_of_writers, source=PENDIGITS),
    ),
    Source(
        "42 people from 12 countries (UNIPEN `ced`), pen on a tablet",
        "writers",
        partial(_of_writers, source=UNIPEN["ced"]),
    ),
    Source(
        "3 people in Germany (UNIPEN `gmd`), pen on a tablet",
        "writers",
        partial(_of_writers, source=UNIPEN["gmd"]),
    ),
    Source(
        "2 people in Spain (UNIPEN `val`), pen on a tablet",
        "writers",
        partial(_of_writers, source=UNIPEN["val"]),
    ),
    Source(
        "employees and students in the USA (MNIST's test digits), scanned",
        "writers",
        partial(_of_writers, source="MNIST test"),
    ),
    Source(
        "made digits: 1s with an upstroke, uncrossed 7s, slashed 0s, straight lines, dots",
        "writers",
        _of_made_digits,
    ),
    Source("simulated drawings of MNIST's digits", "drawings", _of_drawings),
    Source(
        "simulated photos, scans and screenshots of MNIST's digits",
        "any_picture",
        _of_pictures,
    ),
    Source("non-digits: share rejected", "rejection", _of_non_digits),
)
BENCHMARKS = tuple(dict.fromkeys(source.benchmark for source in SOURCES))


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


def measured(source: Source, model: Model, results: Results) -> Figures:
    """Return what was measured on a source with a model file."""
    if source.benchmark == "rejection" and model.rejection_threshold is None:
        return Figures(rejected=0.0)
    record = of_file(model.digest, results.get(source.benchmark))
    return source.figures(record) if record else Figures()


def table(results: Results) -> list[list[str]]:
    """Return the cells of a table with a column for each shipped model; the first row is its head.

    A cell has the share that is accepted and right, and that of the worst writer, if known.
    """
    models = [load_model(path) for path in shipped_models().values()]
    models.sort(key=lambda model: list(RECIPES).index(model.recipe), reverse=True)
    head = ["who wrote them, or what they are", *(f"`{model.recipe}`" for model in models)]
    rows = (
        [source.description, *(_cell(measured(source, model, results)) for model in models)]
        for source in SOURCES
    )
    return [head, *rows]


def _cell(figures: Figures) -> str:
    share = figures.rejected if figures.answered is None else figures.answered
    if share is None:
        return NOT_MEASURED
    worst = figures.worst_writer
    return f"{share:.2%}" + ("" if worst is None else f", {worst:.2%}")


def card_table(model: Model, results: Results) -> list[list[str]]:
    """Return the cells of a model's table: the source, and each of its Figures."""
    rows = []
    for source in SOURCES:
        shares = astuple(measured(source, model, results))
        cells = ["" if share is None else f"{share:.2%}" for share in shares]
        if not any(cells):
            cells[0] = NOT_MEASURED
        rows.append([source.description, *cells])
    return rows
