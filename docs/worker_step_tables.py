"""Generate the table of training over workers in scale.md from the results; cog runs this."""

from interleaved import si
from performance_tables import DISTURBED
from readme_tables import load_figures, table


def steps() -> str:
    """Return a table of the time of a step, in one process and over workers."""
    rows = load_figures("training_workers")["rows"]
    names = list(rows[0]["seconds_a_step"])
    lines = []
    for row in rows:
        times = [si(row["seconds_a_step"][name][1]) for name in names]
        speedup = f"{row['speedup_from_1_to_2_workers'][1]:.2f}"
        mark = "" if row["quiet"] else DISTURBED
        exchange = si(row["parts"]["gradient_exchange"])
        lines.append([f"`{row['recipe']}`", *times, speedup + mark, exchange])
    return table(["recipe", *names, "from 1 to 2 workers", "exchange of the gradient"], lines)


def others() -> str:
    """Say which rows others disturbed, if any."""
    rows = load_figures("training_workers")["rows"]
    busy = [row["others_cores"] for row in rows if not row["quiet"]]
    if not busy:
        return "Nothing else ran on the machine."
    return f"In rows with{DISTURBED}, other processes used up to {max(busy):.1f} cores."
