"""Generate the table in docs/numbers.md from the benchmark's results: cog runs this."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks/results/numbers.json"

KINDS = {
    "UNIPEN numbers": "107 numbers of four contributors to UNIPEN, each drawn ten times",
    "amounts": "amounts as on cheques: signs, a patterned ground, a rule, a stamp",
    "apart": "2 to 8 digits, half a pen to a pen apart",
    "touching": "the same, touching or overlapping by up to a pen",
    "photos": "apart or touching, on ruled paper, photographed at an angle in uneven light",
    "letters": "single letters",
    "words": "words",
    "sums": "sums such as 12+7=19",
    "scribbles": "scribbles",
}


def results() -> str:
    """Return the table as Markdown, and a sentence on confidence and time."""
    if not RESULTS.exists():
        return "Not measured yet.\n"
    figures: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"]
    lines = ["| pictures | right | 95% interval | rejected |", "| --- | --- | --- | --- |"]
    for kind, meaning in KINDS.items():
        each = figures["kinds"][kind]
        right, low, high, rejected = (
            f"{share:.1%}" for share in (each["right"], *each["interval"], each["rejected"])
        )
        lines.append(f"| {meaning} | {right} | {low} to {high} | {rejected} |")
    risk = figures["risk"]
    lines += [
        "",
        "Pictures of other things count as right if they are rejected. Intervals resample "
        "numbers. Of the "
        f"{risk['surest']:.0%} of all numbers that are surest,",
        f"with a confidence of at least {risk['least confidence of surest']:.2f}, "
        f"{risk['right of surest']:.1%} are right. A number of five digits in a picture of 600",
        f"x 200 pixels takes {figures['ms']:.0f} ms on one core.",
    ]
    return "\n".join(lines) + "\n"
