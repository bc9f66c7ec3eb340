"""Generate the tables of forms.md from the benchmark's results; cog runs this."""

from typing import Any

from readme_tables import table
from results_store import load_results

NOT_MEASURED = "not measured"


def by_photograph() -> str:
    """Return a table of the fields that are right and flagged, by kind of photograph."""
    figures = load_results("forms")
    head = ["photographs", "", "sheets", "right, of those not flagged", "flagged"]
    if not figures:
        return table(head, [["all", "", NOT_MEASURED, "", ""]])
    rows = [_row("all", "", figures["all"])]
    for factor, levels in figures["by_kind"].items():
        rows += [_row(factor, level, each) for level, each in levels.items()]
    return table(head, rows)


def spoilt() -> str:
    """Return a table of what became of spoilt sheets."""
    figures = load_results("forms").get("spoilt", {})
    head = ["spoilt", "sheets", "refused", "refused or flagged", "fields wrong, and not flagged"]
    rows = [
        [
            name,
            str(each["sheets"]),
            str(each["refused"]),
            str(each["told"]),
            str(each["fields_wrong_in_silence"]),
        ]
        for name, each in figures.items()
    ]
    return table(head, rows or [["all", NOT_MEASURED, "", "", ""]])


def summary() -> str:
    """Return a sentence about the sheets that were measured, and how fast they are read."""
    figures = load_results("forms")
    if not figures:
        return "It has not been run yet."
    return (
        f"The {figures['sheets']} sheets have {figures['all']['fields']:,} filled fields; "
        f"{figures['all']['sheets_refused']} of the sheets were refused. A core reads "
        f"{figures['sheets_a_minute']:.0f} such sheets in a minute."
    )


def _row(factor: str, level: str, each: dict[str, Any]) -> list[str]:
    return [
        factor,
        level,
        str(each["sheets"]),
        f"{each['right_of_not_flagged']:.2%}",
        f"{each['flagged']:.1%}",
    ]
