"""The tables of results.md about personal models, from the results of benchmarks/adaptation.py."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from handwriting import NOT_MEASURED, load_results

from inkdigits.model_file import DEFAULT_MODEL

Table: TypeAlias = list[list[str]]  # rows of cells

PRODUCT = "product"  # the method that inkdigits.personal has
METHODS = {
    PRODUCT: "the one that inkdigits has",
    "prototypes": "a kernel of the samples in the last hidden layer, added to the logits",
    "last layer": "the last layer refitted, with a pull towards the old weights",
    "biases": "the biases of all layers fitted",
}
ALL = "all writers"
CORRECTIONS, CONFIRMATIONS = "corrections", "confirmations"
WALKS = {
    CORRECTIONS: "only those that were wrong",
    CONFIRMATIONS: "those that were wrong or unsure",
}


def tables(results: Mapping[str, Any]) -> dict[str, Table]:
    """Return the rows of each table, without their heads; no rows if nothing was measured.

    results  the figures of benchmarks/adaptation.py
    returns  by_samples, by_group and by_method
    """
    records = results.get("models", [])
    return {
        "by_samples": [row for record in records for row in _by_samples(record)],
        "by_group": [row for record in records for row in _by_group(record)],
        "by_method": [row for record in records for row in _by_method(record)],
    }


def _by_samples(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield a row for each number of samples, for all writers and the product's method."""
    everyone = _summary(record, PRODUCT).get(ALL)
    if not everyone:
        return
    for count, after in everyone["after"].items():
        yield [
            f"`{record['model']}`",
            WALKS.get(count, count),
            f"{after['samples']:.1f}",
            _with_interval(everyone["before"], everyone["interval"]),
            _with_interval(after["mean"], after["interval"]),
            _ratio(after),
            f"{everyone['worst']:.2%} to {after['worst']:.2%}",
            f"{after['worse']} of {everyone['writers']}",
        ]


def _by_group(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield a row for each group of writers, with the most samples and with corrections."""
    for name, group in _summary(record, PRODUCT).items():
        most = max(filter(str.isdigit, group["after"]), key=int)
        yield [
            f"`{record['model']}`",
            name,
            str(group["writers"]),
            f"{group['before']:.2%}",
            f"{group['after'][most]['mean']:.2%}",
            _ratio(group["after"][most]),
            *(f"{group['after'][walk]['mean']:.2%}" for walk in WALKS),
        ]


def _by_method(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield a row for each method, for all writers."""
    for method, description in METHODS.items():
        everyone = _summary(record, method).get(ALL)
        if not everyone:
            continue
        others, non_digits = everyone.get("others"), everyone.get("non_digits")
        yield [
            f"`{record['model']}`",
            description,
            f"{everyone['before']:.2%}",
            *(f"{after['mean']:.2%}" for after in everyone["after"].values()),
            f"{_points(others['mean'])}, {_points(others['worst'])}" if others else "",
            f"{_points(non_digits['mean'])}, {_points(non_digits['worst'])}" if non_digits else "",
            f"{everyone['seconds']['median']:.2f}, {everyone['seconds']['most']:.2f}",
        ]


def _summary(record: Mapping[str, Any], method: str) -> Mapping[str, Any]:
    summary: Mapping[str, Any] = record["methods"].get(method, {}).get("summary", {})
    return summary


def _with_interval(share: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{share:.2%} ({low:.2%} to {high:.2%})"


def _ratio(after: Mapping[str, Any]) -> str:
    if after["ratio"] is None:
        return ""
    text = f"{after['ratio']:.2f}"
    if after["ratio_interval"] is None:
        return text
    low, high = after["ratio_interval"]
    return f"{text} ({low:.2f} to {high:.2f})"


def _points(change: float) -> str:
    """Format a change of a share in percentage points."""
    return f"{100 * change:+.2f}"


def short_table(folder: Path, model: str = DEFAULT_MODEL) -> str:
    """Return how the errors of a model change with the number of samples, as Markdown.

    folder   of the benchmarks' results
    """
    results = load_results(folder, ["adaptation"]).get("adaptation", {"figures": {}})
    records = [r for r in results["figures"].get("models", []) if r["model"] == model]
    measured = [row[1:6] for record in records for row in _by_samples(record)]
    head = ["samples of each digit", "in all", "errors before", "errors after", "after / before"]
    rows = [head, ["---"] * len(head), *measured]
    if len(rows) == 2:
        rows.append([NOT_MEASURED, *[""] * 4])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
