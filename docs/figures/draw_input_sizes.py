"""Draw the figures of docs/performance.md from the results of benchmarks/input_sizes.py."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from draw import BLUE, GRAY, GREEN, ORANGE, STYLE
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parents[1] / "benchmarks/results/input_sizes.json"
LINES = ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^-."))  # ours first

# Sweep in the results, label of the horizontal axis, ticks, and what the time is of.
SWEEPS = {
    "sizes-pictures.svg": ("pictures", "pictures", "time of the logits"),
    "sizes-size.svg": ("side_px", "side of the picture, px", "time of a recognition"),
    "sizes-batch.svg": ("batch_size", "batch size", "time of a training step"),
}


def input_sizes(name: str) -> Figure:
    """Plot time and peak memory of each contender of a sweep, on logarithmic axes."""
    sweep, x_label, time_label = SWEEPS[name]
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"][sweep]
    figure = Figure(figsize=(9, 3.9), layout="constrained")
    figure.patch.set_alpha(0)
    panels = figure.subplots(1, 2)
    _plot(panels[0], rows, lambda of: 1e3 * of["wall_s"][1], x_label, f"{time_label}, ms")
    # Less than a tenth of a MiB is within the noise of the measurement.
    _plot(panels[1], rows, lambda of: max(0.1, of["peak_mib"]), x_label, "peak memory, MiB")
    handles, labels = panels[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=11
    )
    for text, handle in zip(legend.get_texts(), handles, strict=True):
        text.set_color(handle.get_color())
    return figure


def _plot(
    axes: Axes,
    rows: list[dict[str, Any]],
    value: Callable[[dict[str, Any]], float],
    x_label: str,
    y_label: str,
) -> None:
    x = [row["x"] for row in rows]
    for (color, style), contender in zip(LINES, rows[0]["measured"], strict=False):
        y = [value(row["measured"][contender]) for row in rows]
        axes.plot(x, y, style, color=color, label=contender, markersize=5)
    axes.set(xscale="log", yscale="log", xlabel=x_label, ylabel=y_label)
    axes.set_xticks(x, [f"{number:,}" for number in x])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRAY, alpha=0.25)


def draw(name: str) -> bytes:
    """Draw a figure; return the bytes of its SVG file."""
    file = BytesIO()
    with mpl.rc_context(STYLE):
        input_sizes(name).savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def main() -> None:
    """Draw all figures to the folder of this script."""
    for name in SWEEPS:
        (FOLDER / name).write_bytes(draw(name))
        print(FOLDER / name)


if __name__ == "__main__":
    main()
