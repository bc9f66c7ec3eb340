"""Accuracy on kinds of pictures that people send, and on made digits, hundreds of each kind.

A picture counts as right only if it is accepted and the digit is right. Files that are refused, as
damaged ones are, are counted on their own.
"""

from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import made_digits
import numpy as np
import picture_kinds
from evaluation_data import mnist_digits, model_parser
from PIL import Image, ImageDraw
from results_store import save_results
from rich.console import Console
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.imaging.errors import ImageError

OUTCOMES = ("right", "wrong", "rejected", "refused")
CONFIDENT = 0.95  # above it, a wrong answer misleads

Examples: TypeAlias = Iterable[tuple[int, bytes]]  # labels and files
Misread: TypeAlias = tuple[int, str, bytes]  # label, answer and file

TILE = 120  # px, of the picture of the misread ones
COLUMNS = 16
MOST_SHOWN = 3 * COLUMNS  # of a kind


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
    """Write a contact sheet of the pictures that are not right, with their labels and answers."""
    rows = [
        (name, misread[start : start + COLUMNS])
        for name, misread in by_kind.items()
        for start in range(0, min(len(misread), MOST_SHOWN), COLUMNS)
    ]
    caption = 14
    height = TILE + 2 * caption
    contact_sheet = Image.new("RGB", (COLUMNS * TILE, max(1, len(rows)) * height), (60, 60, 90))
    pencil = ImageDraw.Draw(contact_sheet)
    for row, (name, misread) in enumerate(rows):
        pencil.text((2, row * height), name, "white")
        for column, (label, answer, file) in enumerate(misread):
            place = column * TILE, row * height + caption
            contact_sheet.paste(_tile(file), (place[0], place[1] + caption))
            pencil.text((place[0] + 2, place[1]), f"{label}: {answer}", "yellow")
    contact_sheet.save(path)


def _tile(file: bytes) -> Image.Image:
    """Decode a picture, with Pillow, and fit it into a tile."""
    picture: Image.Image = Image.open(BytesIO(file))
    if picture.mode.startswith("I"):  # 16 bits
        values = np.asarray(picture, np.float64)
        picture = Image.fromarray((255 * values / values.max()).astype(np.uint8))
    factor = (TILE - 4) / max(picture.size)
    size = [max(1, round(side * factor)) for side in picture.size]
    resampling = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX
    return picture.convert("RGB").resize((size[0], size[1]), resampling)


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
