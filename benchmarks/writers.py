"""How well models recognize the digits of people whom no recipe trains on, source by source.

The main figure is the share of digits that are accepted and right: for the person who wrote it, a
rejected digit is an error. All data but MNIST's test digits are development data.
"""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import contact_sheet
import numpy as np
from evaluation_data import (
    PENDIGITS,
    UNIPEN,
    DevelopmentSet,
    evaluation_sets,
    mean_over_writers,
    model_parser,
)
from made_digits import KINDS
from numpy.typing import NDArray
from results_store import save_results
from rich.console import Console
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.evaluation import Predictions, predict
from inkdigits.metrics import measure, measure_by_writer, rank_writers

MIN_DIGITS = 20  # by a writer who may be the worst one
MIN_DIGITS_REJECTED = 50  # by a writer whose share of rejected digits counts
WIDTH = 200  # of the printed table
SHOWN_WRITERS = 5  # the worst ones
SHOWN_ERRORS = 5  # the most common ones


MIN_ANSWERED = {  # the aim for the share accepted and right
    PENDIGITS: 0.994,
    UNIPEN["val"]: 0.988,
    UNIPEN["ced"]: 0.99,
    UNIPEN["gmd"]: 0.99,
    **{name: kind.aim for name, kind in KINDS.items()},
}
MIN_WORST_WRITER = {PENDIGITS: 0.97}  # the same of the worst writer
MAX_REJECTED = 0.005  # of any source's digits
MAX_REJECTED_BY_WRITER = 0.03  # of any writer's digits
MAX_LOG_LOSS = 0.05  # over the digits of all writers but MNIST's


def answered(predictions: Predictions, digits: DevelopmentSet) -> NDArray[np.bool_]:
    """Return whether each image is accepted and its most likely digit is right, bool (N,)."""
    is_right: NDArray[np.bool_] = predictions.probabilities.argmax(axis=1) == digits.labels
    return is_right & ~predictions.rejected


def answers(predictions: Predictions) -> list[str]:
    """Return the answer to each image: a digit, or "none"."""
    digits = predictions.probabilities.argmax(axis=1).tolist()
    return [
        "none" if rejected else str(digit)
        for digit, rejected in zip(digits, predictions.rejected.tolist(), strict=True)
    ]


def score(predictions: Predictions, digits: DevelopmentSet) -> dict[str, Any]:
    """Score a model's predictions for one source."""
    is_answered = answered(predictions, digits)
    metrics = measure(predictions.probabilities, digits.labels)
    pairs = zip(digits.labels.tolist(), answers(predictions), strict=True)
    errors = Counter(f"{label} -> {answer}" for label, answer in pairs if answer != str(label))
    return {
        "images": len(digits.labels),
        "copies": digits.copies,
        "answered": float(is_answered.mean()),
        "right": metrics.accuracy,
        "rejected": float(predictions.rejected.mean()),
        "log_loss": metrics.log_loss,
        "errors": dict(errors.most_common(SHOWN_ERRORS)),
        "by_writer": _by_writer(is_answered, predictions.rejected, digits),
    }


def _by_writer(
    is_answered: NDArray[np.bool_], rejected: NDArray[np.bool_], digits: DevelopmentSet
) -> dict[str, Any] | None:
    if digits.writers is None:
        return None
    summary = measure_by_writer(is_answered, digits.writers)
    worst = rank_writers(is_answered, digits.writers, MIN_DIGITS * digits.copies)
    accepted = rank_writers(~rejected, digits.writers, MIN_DIGITS_REJECTED * digits.copies)
    return {
        "writers": len(summary.writers),
        "mean": summary.mean,
        "interval": summary.interval,
        "worst": [asdict(writer) for writer in worst[:SHOWN_WRITERS]],
        "max_rejected": 1 - accepted[0].accuracy if accepted else None,
    }


def rows_of_worst_writers(
    predictions: Predictions, digits: DevelopmentSet
) -> list[contact_sheet.Row]:
    """Show the errors of a source's worst writers, then their digits that are answered right.

    Without writers, all digits are in one row.
    """
    is_answered = answered(predictions, digits)
    given = answers(predictions)
    writers = np.zeros(len(given), np.int32) if digits.writers is None else digits.writers
    rows = []
    for worst in rank_writers(is_answered, writers, MIN_DIGITS * digits.copies)[:SHOWN_WRITERS]:
        theirs = np.flatnonzero(writers == worst.writer)
        errors_first = theirs[np.argsort(is_answered[theirs], kind="stable")]
        rows.append(
            contact_sheet.Row(
                f"writer {worst.writer}: {worst.accuracy:.1%} of {worst.digits} images",
                digits.images[errors_first],
                [
                    f"{digits.labels[number]}"
                    + ("" if is_answered[number] else f" -> {given[number]}")
                    for number in errors_first
                ],
            )
        )
    return rows


def show(record: dict[str, Any]) -> None:
    """Print a model's scores, and mark those that miss their aim."""
    table = Table(
        "source", "images", "accepted and right", "aim", "right", "rejected", "log loss",
        "writers: mean (95% interval)", "worst writer", "most rejected", "most common errors",
        title=record["model"],
    )  # fmt: skip
    for name, source in (record["sources"] | record["made_digits"]).items():
        aim = MIN_ANSWERED.get(name, 0.0)
        table.add_row(
            name,
            f"{source['images']:,}",
            _percent(source["answered"], at_least=aim),
            f"{aim:.1%}" if aim else "",
            _percent(source["right"]),
            _percent(source["rejected"], at_most=MAX_REJECTED),
            f"{source['log_loss']:.4f}",
            *_writer_cells(name, source["by_writer"]),
            ", ".join(f"{error}: {count}" for error, count in source["errors"].items()),
        )
    table.caption = "! misses its aim"
    if record["log_loss_of_writers"] is not None:
        log_loss = f"{record['log_loss_of_writers']:.4f}, at most {MAX_LOG_LOSS}"
        table.caption += f"; log loss of all writers but MNIST's: {log_loss}"
    Console(width=WIDTH).print(table)


def _writer_cells(name: str, by_writer: dict[str, Any] | None) -> list[str]:
    if by_writer is None:
        return ["", "", ""]
    low, high = by_writer["interval"]
    worst = [writer["accuracy"] for writer in by_writer["worst"][:1]]
    max_rejected = by_writer["max_rejected"]
    return [
        f"{by_writer['writers']}: {by_writer['mean']:.2%} ({low:.2%} to {high:.2%})",
        *(_percent(share, at_least=MIN_WORST_WRITER.get(name, 0.0)) for share in worst or [None]),
        _percent(max_rejected, at_most=MAX_REJECTED_BY_WRITER),
    ]


def _percent(share: float | None, at_least: float = 0.0, at_most: float = 1.0) -> str:
    if share is None:
        return ""
    return f"{share:.2%}" + ("" if at_least <= share <= at_most else " !")


def main() -> None:
    """Evaluate every model; print and save the scores, and draw the worst writers."""
    parser = model_parser(__doc__)
    parser.add_argument(
        "--sheets", type=Path, metavar="FOLDER", help="draw the worst writers of each source"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep the images there for the next time"
    )
    parser.add_argument("--no-save", action="store_true", help="only print the scores")
    arguments = parser.parse_args()
    records = []
    for model in arguments.model:
        recognizer = Recognizer.load(model)
        sets = evaluation_sets(recognizer, arguments.digits, arguments.cache)
        scores = {}
        for name, digits in sets.items():
            predictions = predict(recognizer, digits.candidates)
            scores[name] = score(predictions, digits)
            if arguments.sheets:
                path = arguments.sheets / f"{recognizer.name}, {name}.png"
                contact_sheet.save(rows_of_worst_writers(predictions, digits), path)
        record = {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "log_loss_of_writers": mean_over_writers(
                {name: figures["log_loss"] for name, figures in scores.items()},
                {name: figures["images"] for name, figures in scores.items()},
            ),
            "sources": {name: scores[name] for name in scores if name not in KINDS},
            "made_digits": {name: scores[name] for name in scores if name in KINDS},
        }
        show(record)
        records.append(record)
    if not arguments.no_save:
        save_results("writers", {"digits": arguments.digits, "models": records})


if __name__ == "__main__":
    main()
