"""Draw each writer's errors before and after adaptation, from the results of the benchmark."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from draw import BLUE, GRAY, ORANGE, STYLE
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parents[1] / "benchmarks/results/adaptation.json"
NAME = "personal-writers.svg"
METHOD = "product"
SAMPLES = "5"  # of each digit
PANEL_INCHES = 2.7  # height of one


def personal_writers(records: list[dict[str, Any]]) -> Figure:
    """Plot a panel for each model: two dots for each writer, sorted by the errors before."""
    records = [record for record in records if METHOD in record["methods"]]
    figure = Figure(figsize=(9, 0.7 + PANEL_INCHES * len(records)), layout="constrained")
    figure.patch.set_alpha(0)
    panels = figure.subplots(len(records), 1, squeeze=False)[:, 0]
    for axes, record in zip(panels, records, strict=True):
        _plot(axes, record["model"], record["methods"][METHOD]["writers"])
    handles, labels = panels[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=11
    )
    for text, handle in zip(legend.get_texts(), handles, strict=True):
        text.set_color(handle.get_color())
    return figure


def _plot(axes: Axes, model: str, writers: list[dict[str, Any]]) -> None:
    pairs = sorted(
        ((100 * writer["before"], 100 * writer["after"][SAMPLES]) for writer in writers),
        reverse=True,
    )
    before, after = zip(*pairs, strict=True)
    places = range(1, len(pairs) + 1)
    axes.vlines(places, before, after, color=GRAY, linewidth=1, alpha=0.6)
    axes.plot(places, before, "o", color=BLUE, markersize=4, fillstyle="none", label="before")
    label = f"after {SAMPLES} samples of each digit"
    axes.plot(places, after, "o", color=ORANGE, markersize=4, label=label)
    axes.set(title=model, xlabel="writers, by their errors before", ylabel="errors")
    axes.set_xlim(0, len(pairs) + 1)
    axes.yaxis.set_major_formatter(PercentFormatter())
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRAY, alpha=0.25)


def draw(records: list[dict[str, Any]]) -> bytes:
    """Draw the figure; return the bytes of its SVG file."""
    file = BytesIO()
    with mpl.rc_context(STYLE):
        figure = personal_writers(records)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def main() -> None:
    """Draw the figure to the folder of this script, if the benchmark was run."""
    if not RESULTS.exists():
        print(f"{RESULTS} is missing: run benchmarks/adaptation.py")
        return
    records = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"]["models"]
    (FOLDER / NAME).write_bytes(draw(records))
    print(FOLDER / NAME)


if __name__ == "__main__":
    main()
