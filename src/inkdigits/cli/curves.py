"""Plot learning curves: as a file in a run's folder, and inside reports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from inkdigits.checkpoints import read_metrics
from inkdigits.model_file import Model
from inkdigits.storage.files import write_atomically
from inkdigits.training import Record

GRAY = "#7f7f7f"  # visible on white and on black
TRAINING, VALIDATION = "#2a7fbf", "#d9822b"
# Of several runs: visible on white and on black, and apart for the color-blind.
COLORS = (
    *("#2a7fbf", "#d9822b", "#2f9e6e", "#c2529a"),
    *("#9a8a00", "#8173d6", "#d4503e", "#3a9fb0"),
)
MARKED_EPOCHS = 30  # up to which each epoch has a marker
PANELS = {  # the title, and the fields of a record for training and for validation
    "Loss": ("loss", "validation_loss"),
    "Errors, %": ("accuracy", "validation_accuracy"),
}


@dataclass(frozen=True)
class Curve:
    """One line of a plot; `label` is for the plot's own legend, "" for none."""

    epochs: Sequence[int]
    values: Sequence[float]
    color: str
    dashed: bool = False
    label: str = ""


def records_of(model_path: Path, model: Model) -> list[Record]:
    """Read the records of the run that a model comes from, if its file is in the run's folder.

    returns  them up to the epoch in which the model was made; none for a model from elsewhere
    raises   FileError if the folder's metrics are damaged
    """
    path = model_path.parent / "metrics.jsonl"
    if not path.is_file():
        return []
    records = read_metrics(path)
    ends = [n for n, record in enumerate(records, 1) if record.loss == model.metrics.get("loss")]
    return records[: ends[-1]] if ends else []


def draw_curves(path: Path, records: Sequence[Record]) -> bool:
    """Plot loss and error rate over the epochs as SVG, readable on a light and on a dark page.

    returns  False if matplotlib, which the extra `plots` installs, is missing
    raises   OSError if the file cannot be written
    """
    panels = [
        [
            *_curve(records, validation_field, VALIDATION, label="validation"),
            *_curve(records, field, TRAINING, label="training"),
        ][::-1]
        for field, validation_field in PANELS.values()
    ]
    svg = _draw(dict(zip(PANELS, panels, strict=True)), (9, 3.6), "path")
    if svg is None:
        return False
    write_atomically(path, svg)
    return True


def panels_of_run(records: Sequence[Record]) -> list[str] | None:
    """Plot one run for an HTML page: training and validation, each in its color.

    returns  SVG elements, one for each of PANELS; None if matplotlib is missing
    """
    return _elements(
        [
            [*_curve(records, field, TRAINING), *_curve(records, validation, VALIDATION)]
            for field, validation in PANELS.values()
        ]
    )


def panels_of_runs(runs: Sequence[Sequence[Record]]) -> list[str] | None:
    """Plot several runs for an HTML page, in the order of COLORS; training is dashed.

    returns  SVG elements, one for each of PANELS; None if matplotlib is missing
    """
    return _elements(
        [
            [
                curve
                for records, color in zip(runs, COLORS, strict=False)
                for curve in (
                    *_curve(records, field, color, dashed=True),
                    *_curve(records, validation, color),
                )
            ]
            for field, validation in PANELS.values()
        ]
    )


def _curve(
    records: Sequence[Record], field: str, color: str, *, dashed: bool = False, label: str = ""
) -> list[Curve]:
    """Return the curve of a field; none if the run has not measured it."""
    values = [getattr(record, field) for record in records]
    if not values or None in values:
        return []
    if field.endswith("accuracy"):
        values = [100 * (1 - value) for value in values]
    return [Curve([record.epoch for record in records], values, color, dashed, label)]


def _elements(panels: Sequence[Sequence[Curve]]) -> list[str] | None:
    """Draw each panel as an SVG element, whose names are unique in the page."""
    elements = []
    for number, (title, curves) in enumerate(zip(PANELS, panels, strict=True)):
        # Text as text, in the page's font and color.
        svg = _draw({title: curves}, (4.6, 3.2), "none")
        if svg is None:
            return None
        element = svg.decode()[svg.index(b"<svg") :]
        element = re.sub(r'(\bid="|url\(#|href="#)', rf"\1plot{number}-", element)
        label = f'<svg role="img" aria-label="{title} over the epochs"'
        elements.append(element.replace("<svg", label, 1))
    return elements


def _draw(
    panels: dict[str, Sequence[Curve]], inches: tuple[float, float], text: str
) -> bytes | None:
    """Draw panels side by side as SVG; return None if matplotlib is missing."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        return None
    style: dict[Any, Any] = {
        "text.color": GRAY,
        "axes.labelcolor": GRAY,
        "axes.edgecolor": GRAY,
        "xtick.color": GRAY,
        "ytick.color": GRAY,
        "svg.hashsalt": "inkdigits",  # the same curves give the same bytes
        "svg.fonttype": text,
        "font.size": 11,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=inches, layout="constrained")
        figure.patch.set_alpha(0)
        FigureCanvasSVG(figure)
        all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, curves) in zip(all_axes, panels.items(), strict=True):
            for curve in curves:
                axes.plot(
                    curve.epochs,
                    curve.values,
                    ("o" if len(curve.epochs) <= MARKED_EPOCHS else "")
                    + ("--" if curve.dashed else "-"),
                    color=curve.color,
                    label=curve.label,
                    markersize=4,
                )
            axes.set(xlabel="epoch", title=title)
            axes.set_ylim(bottom=0)
            # At least one tick: with the default of two, one epoch would have fractional ones.
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            axes.patch.set_alpha(0)
            axes.grid(color=GRAY, alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
            if any(curve.label for curve in curves):
                axes.legend(frameon=False)
        svg = BytesIO()
        names = ("Date", "Creator", "Format", "Type")
        figure.savefig(svg, format="svg", metadata=dict.fromkeys(names))
    return svg.getvalue()
