"""Render a sweep as one self-contained HTML page: curves, parallel coordinates, a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from inkdigits.cli.report import render_page
from inkdigits.scale.search_space import Choices, Dimension, describe, describe_value
from inkdigits.scale.sweep import Sweep
from inkdigits.scale.sweep_results import OUTCOMES, Result
from inkdigits.storage.files import write_atomically

ROWS_SHOWN = 500
LINES_SHOWN = 300  # of trials, in each of the charts
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)  # errors in percent
SPREAD = 4.0  # between lines of trials that have the same value of a list; there are 5 such places
SMALLEST_ERROR = 0.05  # percent; a smaller one cannot be drawn on a logarithmic axis
# Of the charts, in their own units: the page scales them.
LEFT, RIGHT, TOP, BOTTOM = 50, 690, 40, 310
MARGIN = 20  # left and right of the axes of the parallel coordinates
LETTER = 6.8  # the width of one, so that the texts of neighboring axes do not overlap
TEXT_SHOWN = 24  # characters of a name or a value at an axis


@dataclass(frozen=True)
class _Line:
    """A trial in a chart; `kind` is its class in the page's style."""

    points: str
    kind: str
    title: str


@dataclass(frozen=True)
class _Axis:
    """An axis of the parallel coordinates, at x, with the y and the text of its ticks."""

    name: str
    x: float
    ticks: list[tuple[float, str]]


def write_report(
    sweep: Sweep, space: Sequence[Dimension], results: Sequence[Result]
) -> Path | None:
    """Write `report.html` to the folder of the sweep.

    results  of all trials, the best first
    returns  its path; None if Jinja, which the extra `plots` installs, is missing
    """
    measured = [result for result in results if result.epochs]
    scale = _ErrorScale(measured)
    drawn = list(reversed(measured[:LINES_SHOWN]))  # the best last, above the others
    axes = _axes(space, scale)
    best = results[0] if results and results[0].outcome == "finished" else None
    kinds = {result.trial.number: _kind(result, best) for result in results}
    try:
        page = render_page(
            "sweep.html",
            sweep=sweep,
            best=best,
            epochs=max(trial.recipe.epochs for trial in sweep.trials),
            counts={
                outcome: sum(result.outcome == outcome for result in results)
                for outcome in OUTCOMES
            },
            names=[dimension.name for dimension in space],
            space=[dimension.text for dimension in space],
            rows=[(result, _values(result, space)) for result in results[:ROWS_SHOWN]],
            describe=describe,
            chart={"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
            ticks=[(tick, scale.y(tick)) for tick in scale.ticks],
            epoch_ticks=_epoch_ticks(max((result.epochs for result in measured), default=1)),
            curves=[_curve(result, scale, measured, kinds) for result in drawn],
            axes=axes,
            axes_width=axes[-1].x + MARGIN + LEFT,
            lines=[_parallel(result, space, axes, scale, kinds) for result in drawn],
        )
    except click.ClickException:
        return None
    path = sweep.folder / "report.html"
    write_atomically(path, page.encode())
    return path


def _kind(result: Result, best: Result | None) -> str:
    if best is not None and result.trial == best.trial:
        return "best"
    return "finished" if result.outcome == "finished" else "stopped"


class _ErrorScale:
    """A logarithmic axis of errors in percent, which holds those of all results."""

    def __init__(self, results: Sequence[Result]) -> None:
        errors = [_error(accuracy) for result in results for accuracy in result.curve] or [1.0, 1.0]
        low = max((tick for tick in TICKS if tick <= min(errors)), default=SMALLEST_ERROR)
        high = min((tick for tick in TICKS if tick >= max(errors)), default=100)
        self._low, self._high = math.log(low), math.log(max(high, 2 * low))
        self.ticks = [tick for tick in TICKS if low <= tick <= max(high, 2 * low)]

    def y(self, error: float) -> float:
        """Return where an error is in the chart; a smaller one is lower."""
        share = (math.log(error) - self._low) / (self._high - self._low)
        return BOTTOM - share * (BOTTOM - TOP)


def _error(accuracy: float) -> float:
    """Return the errors in percent."""
    return max(100 * (1 - accuracy), SMALLEST_ERROR)


def _epoch_ticks(epochs: int) -> list[tuple[int, float]]:
    step = max(1, -(-epochs // 8))
    return [(epoch, _epoch_x(epoch, epochs)) for epoch in range(1, epochs + 1, step)]


def _epoch_x(epoch: int, epochs: int) -> float:
    return LEFT + (RIGHT - LEFT) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)


def _curve(
    result: Result, scale: _ErrorScale, results: Sequence[Result], kinds: dict[int, str]
) -> _Line:
    epochs = max(other.epochs for other in results)
    points = [
        (_epoch_x(epoch, epochs), scale.y(_error(accuracy)))
        for epoch, accuracy in enumerate(result.curve, 1)
    ]
    if len(points) == 1:  # a line of one point would not be seen
        points.append((points[0][0] + 6, points[0][1]))
    return _Line(_text(points), kinds[result.trial.number], _title(result))


def _title(result: Result) -> str:
    accuracy = result.accuracy or 0.0
    return (
        f"Trial {result.trial.number}: {accuracy:.2%} after {result.epochs} epochs; "
        f"{describe(result.trial.settings)}"
    )


def _axes(space: Sequence[Dimension], scale: _ErrorScale) -> list[_Axis]:
    """Make an axis for each setting, and one for the errors."""
    named: list[tuple[str, list[tuple[float, str]]]] = []
    for dimension in space:
        values = dimension.values
        ends = values.values if isinstance(values, Choices) else (values.low, values.high)
        name = ".".join(dimension.name.split(".")[-2:])  # "1.bias" of "network.layers.1.bias"
        ticks = [(_setting_y(dimension, value), _short(describe_value(value))) for value in ends]
        named.append((_short(name), ticks))
    named.append(("errors", [(scale.y(tick), f"{tick:g}%") for tick in scale.ticks]))
    texts = [text for name, ticks in named for text in (name, *(text for _, text in ticks))]
    distance = max((RIGHT - LEFT - 2 * MARGIN) / len(space), LETTER * (max(map(len, texts)) + 2))
    return [
        _Axis(name, LEFT + MARGIN + number * distance, ticks)
        for number, (name, ticks) in enumerate(named)
    ]


def _short(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[: TEXT_SHOWN - 1]}…"


def _setting_y(dimension: Dimension, value: float) -> float:
    """Return where a value is on the axis of its setting."""
    values = dimension.values
    if isinstance(values, Choices):
        count = len(values.values)
        share = values.values.index(value) / (count - 1) if count > 1 else 0.5
    elif values.kind == "log":
        share = math.log(value / values.low) / math.log(values.high / values.low)
    else:
        share = (value - values.low) / (values.high - values.low)
    return BOTTOM - share * (BOTTOM - TOP)


def _parallel(
    result: Result,
    space: Sequence[Dimension],
    axes: Sequence[_Axis],
    scale: _ErrorScale,
    kinds: dict[int, str],
) -> _Line:
    settings = result.trial.settings
    aside = SPREAD * (result.trial.number % 5 - 2)
    heights = [
        _setting_y(dimension, settings[dimension.name])
        + (aside if isinstance(dimension.values, Choices) else 0)
        for dimension in space
    ]
    heights.append(scale.y(_error(result.accuracy or 0.0)))
    points = [(axis.x, y) for axis, y in zip(axes, heights, strict=True)]
    return _Line(_text(points), kinds[result.trial.number], _title(result))


def _text(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _values(result: Result, space: Sequence[Dimension]) -> list[str]:
    return [describe_value(result.trial.settings[dimension.name]) for dimension in space]
