"""Draw the figure of docs/scale.md from the results of benchmarks/scaling.py and scale_plan.py."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from draw import BLUE, GRAY, GREEN, ORANGE, STYLE
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parents[1] / "benchmarks/results"
NAME = "scale-growth.svg"
MIB = 2**20
LINES = ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^-."))
MEMORY = {"driver_bytes": "driver", "worker_bytes": "largest worker", "all_bytes": "all processes"}


def growth() -> Figure:
    """Plot the memory against the pictures, and the efficiency against the nodes."""
    figure = Figure(figsize=(9, 3.9), layout="constrained")
    figure.patch.set_alpha(0)
    left, right = figure.subplots(1, 2)
    rows = _figures("scaling")["memory"]
    x = [row["x"] for row in rows]
    for (color, style), (key, label) in zip(LINES, MEMORY.items(), strict=True):
        y = [row[key] / MIB for row in rows]
        left.plot(x, y, style, color=color, label=label, markersize=5)
    left.set(xscale="log", xlabel="pictures (measured)", ylabel="peak memory, MiB", ylim=0)
    _finish(left, x)
    lines = _figures("scale_plan")["growth"]
    for (color, style), row in zip(LINES, lines, strict=True):
        label = f"{row['part_size']:,} pictures in a part"
        nodes, efficiency = row["nodes"], row["efficiency"]
        right.plot(nodes, efficiency, style, color=color, label=label, markersize=5)
    right.set(xscale="log", xlabel="nodes (simulated)", ylabel="efficiency", ylim=(0, 1.05))
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _finish(right, lines[0]["nodes"])
    return figure


def _finish(axes: Axes, x: list[int]) -> None:
    axes.set_xticks(x)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRAY, alpha=0.25)
    legend = axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=10)
    for text, handle in zip(legend.get_texts(), axes.get_lines(), strict=True):
        text.set_color(handle.get_color())


def _figures(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return figures


def draw() -> bytes:
    """Draw the figure; return the bytes of its SVG file."""
    file = BytesIO()
    with mpl.rc_context(STYLE):
        growth().savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def main() -> None:
    """Draw the figure to the folder of this script."""
    (FOLDER / NAME).write_bytes(draw())
    print(FOLDER / NAME)


if __name__ == "__main__":
    main()
