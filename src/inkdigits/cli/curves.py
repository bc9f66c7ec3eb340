"""Plot the learning curves."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from inkdigits.storage.files import write_atomically
from inkdigits.training import Record


def draw_curves(path: Path, records: Sequence[Record]) -> bool:
    """Plot loss and error rate over the epochs as SVG, readable on a light and on a dark page.

    returns  False if matplotlib, which the extra `plots` installs, is missing
    raises   OSError if the file cannot be written
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        return False
    gray = "#7f7f7f"  # visible on white and on black
    colors = {"training": "#2a7fbf", "validation": "#d9822b"}
    style: dict[Any, Any] = {
        "text.color": gray,
        "axes.labelcolor": gray,
        "axes.edgecolor": gray,
        "xtick.color": gray,
        "ytick.color": gray,
        "svg.hashsalt": "inkdigits",  # the same curves give the same bytes
        "font.size": 11,
    }
    epochs = [record.epoch for record in records]
    panels = {
        "loss": ("loss", "validation_loss"),
        "errors, %": ("accuracy", "validation_accuracy"),
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        figure.patch.set_alpha(0)
        FigureCanvasSVG(figure)
        for axes, (title, fields) in zip(figure.subplots(1, 2), panels.items(), strict=True):
            for name, field in zip(colors, fields, strict=True):
                values = [getattr(record, field) for record in records]
                if None in values:
                    continue
                if field.endswith("accuracy"):
                    values = [100 * (1 - value) for value in values]
                axes.plot(epochs, values, "o-", color=colors[name], label=name, markersize=4)
            axes.set(xlabel="epoch", title=title)
            axes.set_ylim(bottom=0)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.patch.set_alpha(0)
            axes.grid(color=gray, alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
        svg = BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
    write_atomically(path, svg.getvalue())
    return True
