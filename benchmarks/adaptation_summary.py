"""Summarize errors by writer before and after adaptation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from adaptation_data import MNIST_WRITERS
from numpy.typing import NDArray

from inkdigits.arrays import Array
from inkdigits.metrics import RESAMPLES

WORST = 5
ALL, PEN_WRITERS = "all writers", "all writers with a pen on a tablet"
WALKS = ("corrections", "confirmations")  # in place of a number of samples

Row = dict[str, Any]  # of one writer, as Bench.measure returns it


def summarize(rows: Sequence[Row]) -> dict[str, Any]:
    """Summarize the writers of each group, and all of them.

    returns  by group: `summarize_group`
    """
    groups = {ALL: list(rows), PEN_WRITERS: [r for r in rows if r["group"] != MNIST_WRITERS]}
    for name in dict.fromkeys(row["group"] for row in rows):
        groups[name] = [row for row in rows if row["group"] == name]
    return {name: summarize_group(group) for name, group in groups.items() if group}


def summarize_group(rows: Sequence[Row]) -> dict[str, Any]:
    """Summarize some writers, each with the same weight.

    returns  before       mean error, and its interval
             after        by number of samples of each digit, and for WALKS: the mean error,
                          its interval, `ratio`: mean error after / before, with an interval,
                          `samples`: mean number of samples, `worst`: the mean error of the WORST
                          writers, chosen by their error before, `worse`: how many writers have more
                          errors than before
             worst        the WORST writers' mean error before
             writers      their number
    """
    before = np.array([row["before"] for row in rows])
    worst = np.argsort(-before, kind="stable")[:WORST]
    drawn = np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))
    after = {}
    for count in [*rows[0]["after"], *WALKS]:
        errors = np.array([_after(row, count) for row in rows])
        after[count] = {
            "samples": float(np.mean([_samples(row, count) for row in rows])),
            "mean": float(errors.mean()),
            "interval": _interval(errors[drawn].mean(axis=1)),
            "ratio": _ratio(float(errors.mean()), float(before.mean())),
            "ratio_interval": _ratio_interval(errors, before, drawn),
            "worst": float(errors[worst].mean()),
            "worse": int(np.count_nonzero(errors > before + 1e-9)),
        }
    return {
        "writers": len(rows),
        "before": float(before.mean()),
        "interval": _interval(before[drawn].mean(axis=1)),
        "worst": float(before[worst].mean()),
        "after": after,
        **_costs(rows),
    }


def _costs(rows: Sequence[Row]) -> dict[str, Any]:
    """Summarize what the personal models cost others, and the time of adapting."""
    costs: dict[str, Any] = {}
    for key in ("others", "non_digits"):
        changes = [row[key] for row in rows if key in row]
        if changes:
            costs[key] = {"mean": float(np.mean(changes)), "worst": min(changes)}
    seconds = [row["seconds"] for row in rows]
    costs["seconds"] = {"median": float(np.median(seconds)), "most": max(seconds)}
    for key in ("rejected_before", "rejected_after"):
        costs[key] = float(np.mean([row[key] for row in rows]))
    return costs


def _after(row: Row, count: str) -> float:
    error: float = row[count]["after"] if count in WALKS else row["after"][count]
    return error


def _samples(row: Row, count: str) -> float:
    samples: float = row[count]["samples"] if count in WALKS else row["samples"][count]
    return samples


def _ratio(after: float, before: float) -> float | None:
    return after / before if before else None


def _interval(values: Array) -> list[float]:
    low, high = np.percentile(values, (2.5, 97.5))
    return [float(low), float(high)]


def _ratio_interval(after: Array, before: Array, drawn: NDArray[np.intp]) -> list[float] | None:
    """Return the 95% confidence interval of the ratio of the means, resampling writers."""
    means = before[drawn].mean(axis=1)
    if not means.all():
        return None  # too few errors
    return _interval(after[drawn].mean(axis=1) / means)
