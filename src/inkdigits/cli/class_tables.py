"""Show how well each class is recognized, whatever their number and their names."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inkdigits.constants import DIGITS
from inkdigits.metrics import Metrics

MATRIX_CLASSES = 12  # a larger confusion matrix does not fit on a terminal
CLASSES_SHOWN = 20  # without a matrix: those with the lowest recall
CONFUSIONS_SHOWN = 10
SHORT_NAME = 3  # characters, as the heading of a column
LONG_NAME = 9  # characters, beside a matrix


def show_classes(console: Console, metrics: Metrics, classes: Sequence[str]) -> None:
    """Show precision and recall of each class, and which ones are confused.

    classes   their names, in the order of the metrics
    """
    if len(classes) <= MATRIX_CLASSES:
        matrix = _matrix(metrics, classes)
        if console.measure(matrix).maximum <= console.width or tuple(classes) == DIGITS:
            console.print("Confusion matrix (rows: label, columns: prediction):")
            console.print(matrix)
            return
    ranked = sorted(range(len(classes)), key=metrics.recall.__getitem__)
    console.print(f"Classes with the lowest recall, of {len(classes)}:")
    table = _table("class")
    table.add_column("images", justify="right")
    for number in [n for n in ranked if sum(metrics.confusion[n])][:CLASSES_SHOWN]:
        images = sum(metrics.confusion[number])
        table.add_row(*_rates(metrics, number, classes[number]), f"{images:,}")
    console.print(table)
    console.print("\nMost frequent mistakes:")
    for count, label, predicted in _confusions(metrics):
        console.print(f"  {count:,} times {classes[label]} as {classes[predicted]}", markup=False)


def _matrix(metrics: Metrics, classes: Sequence[str]) -> Table:
    """Lay out each class's precision and recall beside the confusion matrix."""
    are_short = all(len(name) <= SHORT_NAME for name in classes)
    table = _table("digit" if tuple(classes) == DIGITS else "class")
    table.collapse_padding = not are_short
    for number, name in enumerate(classes):
        heading = escape(name) if are_short else str(number)
        table.add_column(heading, justify="right", no_wrap=True)
    for number, row in enumerate(metrics.confusion):
        cells = [
            f"[green]{count}[/]" if predicted == number else f"[red]{count}[/]" if count else "·"
            for predicted, count in enumerate(row)
        ]
        name = classes[number] if are_short else f"{number} {classes[number][:LONG_NAME]}"
        table.add_row(*_rates(metrics, number, name), *cells)
    return table


def _table(heading: str) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    for name in (heading, "precision", "recall"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _rates(metrics: Metrics, number: int, name: str) -> list[str]:
    precision, recall = metrics.precision[number], metrics.recall[number]
    return [f"[bold]{escape(name)}[/]", f"{precision:.2%}", f"{recall:.2%}"]


def _confusions(metrics: Metrics) -> list[tuple[int, int, int]]:
    """Return how often which label was predicted as which other class, the most frequent first."""
    wrong = np.array(metrics.confusion)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS_SHOWN]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        (int(wrong[label, predicted]), int(label), int(predicted))
        for label, predicted in pairs
        if wrong[label, predicted]
    ]
