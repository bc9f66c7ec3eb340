"""Generate the table of docs/scale.md that says which way is the fastest: cog runs this."""

import json
from pathlib import Path
from typing import Any

from readme_tables import table

RESULTS = Path(__file__).parents[1] / "benchmarks/results/crossover.json"


def results() -> str:
    """Return the table as Markdown, and a sentence for each pair of ways."""
    figures: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"]
    seconds = figures["seconds"]
    numbers = list(next(iter(seconds.values())))
    header = ["", *(f"{int(number):,} pictures" for number in numbers), "start", "a picture"]
    lines = []
    for way, of in figures["lines"].items():
        times = [f"{seconds[way][number]:.1f} s" for number in numbers]
        lines.append([way, *times, f"{of['start_s']:.1f} s", f"{of['picture_ms']:.1f} ms"])
    return table(header, lines) + "\n" + " ".join(map(_sentence, figures["crossings"])) + "\n"


def _sentence(crossing: dict[str, Any]) -> str:
    name, pictures = crossing["faster"], crossing["from_pictures"]
    first = name[0].upper() + name[1:]
    if pictures is None:
        return f"{first} never caught up with {crossing['than']}."
    return f"{first} overtook {crossing['than']} at {_rounded(pictures)} pictures."


def _rounded(number: float) -> str:
    """Return a number with two digits that count."""
    return f"{float(f'{number:.2g}'):,.0f}"
