"""Accuracy on kinds of pictures that people send, and on made digits, hundreds of each kind.

A picture counts as right only if it is accepted and the digit is right. Files that are refused, as
damaged ones are, are counted on their own.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import made_digits
import picture_kinds
from evaluation_data import mnist_digits, model_parser
from picture_sheet import write_contact_sheet
from results_store import save_results
from rich.console import Console
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.imaging.errors import ImageError

OUTCOMES = ("right", "wrong", "rejected", "refused")
CONFIDENT = 0.95  # above it, a wrong answer misleads

Examples: TypeAlias = Iterable[tuple[int, bytes]]  # labels and files
Misread: TypeAlias = tuple[int, str, bytes]  # label, answer and file

MOST_SHOWN = 45  # pictures of a kind on the contact sheet


def outcome(recognizer: Recognizer, label: int, file: bytes) -> tuple[str, str, float]:
    """Recognize one picture.

    returns  "right", "wrong", "rejected" or "refused", the answer, and how confident it is
    """
    try:
        prediction = recognizer.recognize(file)
    except ImageError as error:
        return "refused", type(error).__name__, 0.0
    if prediction.digit is None:
        return "rejected", str(prediction.reason), 0.0
    answer = "right" if prediction.digit == label else "wrong"
    return answer, str(prediction.digit), prediction.confidence


def measure(
    recognizer: Recognizer, examples: Examples, aim: float
) -> tuple[dict[str, Any], list[Misread]]:
    """Recognize pictures of one kind.

    aim      share of them that should be right
    returns  the share of each outcome and the number of each answer that is not right; and the
             pictures that are not right
    """
    outcomes: list[str] = []
    misread: list[Misread] = []
    misleading = 0
    for label, file in examples:
        result, answer, confidence = outcome(recognizer, label, file)
        outcomes.append(result)
        misleading += result == "wrong" and confidence > CONFIDENT
        if result != "right":
            misread.append((label, answer, file))
    count = len(outcomes)
    return {
        "pictures": count,
        "aim": aim,
        **{each: outcomes.count(each) / count for each in OUTCOMES},
        f"wrong above {CONFIDENT}": misleading / count,
        "answers": dict(Counter(answer for _, answer, _ in misread).most_common()),
    }, misread


def show(records: list[dict[str, Any]]) -> None:
    """Print a table per model and mark the kinds that miss their aim."""
    columns = ["aim", *OUTCOMES, f"wrong above {CONFIDENT}"]
    for record in records:
        table = Table(record["model"], *columns, "mostly answered")
        for section in ("pictures", "digits"):
            table.add_section()
            for name, figures in record[section].items():
                missed = figures["right"] < figures["aim"]
                answers = islice(figures["answers"].items(), 3)
                table.add_row(
                    name + (" !" if missed else ""),
                    *(f"{figures[column]:.1%}" for column in columns),
                    ", ".join(f"{answer}: {times}" for answer, times in answers),
                )
        table.caption = "! misses its aim"
        Console().print(table)


def draw_misread(by_kind: dict[str, list[Misread]], path: Path) -> None:
    """Write a contact sheet of the first pictures of each kind that are not right."""
    rows = {
        name: [(f"{label}: {answer}", file) for label, answer, file in misread[:MOST_SHOWN]]
        for name, misread in by_kind.items()
    }
    write_contact_sheet(rows, path)


def main() -> None:
    """Evaluate every model on every kind; print and save the figures."""
    names = [*picture_kinds.KINDS, *made_digits.KINDS]
    parser = model_parser(__doc__)
    parser.add_argument("--count", type=int, default=300, help="number of pictures of each kind")
    parser.add_argument("--kind", nargs="+", choices=names, default=names, metavar="KIND")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw those that the last model misreads"
    )
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = mnist_digits(arguments.digits, recognizers[0])
    sources = made_digits.Sources(digits, made_digits.load_sevens())
    records = []
    misread: dict[str, list[Misread]] = {}
    for recognizer in recognizers:
        record: dict[str, Any] = {"model": recognizer.name, "digest": recognizer.digest}
        record |= {"pictures": {}, "digits": {}}
        for name in arguments.kind:
            if name in picture_kinds.KINDS:
                section, aim = "pictures", picture_kinds.KINDS[name].aim
                examples = picture_kinds.pictures(name, digits, arguments.count)
            else:
                section, aim = "digits", made_digits.KINDS[name].aim
                examples = made_digits.made_digits(name, sources, arguments.count)
            figures, misread[name] = measure(recognizer, examples, aim)
            record[section][name] = figures
            print(f"{recognizer.name}, {name}: {figures['right']:.1%}", flush=True)
        records.append(record)
    show(records)
    if arguments.picture:
        draw_misread(misread, arguments.picture)
    if arguments.kind == names:
        save_results(
            "any_picture", {"digits": arguments.digits, "count": arguments.count, "models": records}
        )


if __name__ == "__main__":
    main()
