"""Results as `inkdigits form read` keeps them, with fields made of the golden digits.

As a script, for the browser's tests, it makes some in a folder and starts their review:
python made_results.py FOLDER --who Ada
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inkdigits.forms.export import export
from inkdigits.forms.form import Field
from inkdigits.forms.store import BoxCrop, FieldResult, SheetResult, Store, StoredForm

GOLDEN = Path(__file__).parent / "golden"
BOX = (34, 40)  # width and height in pixels
FORM = StoredForm(
    "MADEFORM",
    "Quiz",
    (
        Field("student", 5),
        Field("first", 2, range=(0, 40)),
        Field("second", 2, range=(0, 40)),
        Field("total", 3, sum=("first", "second")),
    ),
)


def png(picture):
    """Encode a picture as PNG."""
    return cv2.imencode(".png", picture)[1].tobytes()


def box(digit, seed):
    """Draw a golden digit, turned a little, as blue ink on paper; None leaves it empty."""
    rng = np.random.default_rng([seed, 99 if digit is None else digit])
    ink = np.zeros((BOX[1], BOX[0]), np.uint8)
    if digit is not None:
        gray = cv2.imread(str(GOLDEN / f"{digit}.png"), cv2.IMREAD_GRAYSCALE).astype(np.float32)
        source = np.clip(2.0 * (np.abs(np.median(gray) - gray) - 25), 0, 255)
        source = cv2.resize(source, (28, 28), interpolation=cv2.INTER_AREA).astype(np.uint8)
        turn = cv2.getRotationMatrix2D((14, 14), rng.uniform(-9, 9), rng.uniform(1.0, 1.25))
        turn[:, 2] += (BOX[0] / 2 - 14 + rng.uniform(-2, 2), BOX[1] / 2 - 14 + rng.uniform(-2, 2))
        ink = cv2.warpAffine(source, turn, BOX)
    share = ink[..., None] / 255.0
    paper = np.array([244, 248, 250]) + rng.normal(0, 2, (BOX[1], BOX[0], 1))
    picture = paper * (1 - share) + np.array([120, 50, 25]) * share
    picture[:, [0, -1]] = picture[[0, -1]] = (102, 178, 255)
    return np.clip(picture, 0, 255).astype(np.uint8)


def field(row, name, written, length, seed=0, **changes):
    """Make a field in which a number is written, right-aligned; it is recognized as `value`."""
    digits = [None] * (length - len(written)) + [int(digit) for digit in written]
    boxes = [box(digit, seed + 7 * n) for n, digit in enumerate(digits)]
    if changes.get("reason") == "struck_out":
        for picture in boxes:
            cv2.line(picture, (1, 26), (BOX[0] - 2, 13), (120, 50, 25), 2, cv2.LINE_AA)
    values = {
        "value": written,
        "confidence": 0.999 if written else 1.0,
        "candidates": ((written, 0.999),) if written else (),
        "reason": None if written else "empty",
        "review": False,
    } | changes
    return FieldResult(
        row,
        name,
        crop=png(np.hstack(boxes)),
        boxes=tuple(
            BoxCrop(png(picture), digit is None)
            for picture, digit in zip(boxes, digits, strict=True)
        ),
        **values,
    )


@dataclass(frozen=True)
class Recognized:
    """What `group_alike` needs to know of a field, and its picture."""

    recognized: str
    confidence: float
    reason: str | None
    crop: bytes


def result(written, seed, value=None, confidence=0.5):
    """Make a field that was recognized as a value, by default what is written."""
    made = field(1, "x", written, len(written), seed)
    return Recognized(value or written, confidence, None, made.crop)


def sheet(copy, rows=6, source="scan.pdf"):
    """Make a page whose third row is struck out, and in which some fields are doubtful."""
    rng = np.random.default_rng(copy)
    fields = []
    for row in range(1, rows + 1):
        seed = 1000 * copy + 50 * row
        first, second = (int(number) for number in rng.integers(0, 41, 2))
        fields.append(field(row, "student", str(rng.integers(10000, 99999)), 5, seed))
        if row == 3:
            struck = {"value": "", "reason": "struck_out", "review": True, "confidence": 0.3}
            fields.append(field(row, "first", "88", 2, seed + 1, **struck))
        elif row % 2:
            low = {"confidence": 0.55 + 0.01 * row, "candidates": (("17", 0.6), ("11", 0.3))}
            fields.append(field(row, "first", "17", 2, seed + 1, **low))
            first = 17
        else:
            fields.append(field(row, "first", str(first), 2, seed + 1))
        fields.append(field(row, "second", str(second) if row != 5 else "", 2, seed + 2))
        wrong = {"reason": "sum_rule", "review": True} if row == 6 else {}
        fields.append(field(row, "total", str(first + second), 3, seed + 3, **wrong))
    return SheetResult(source, f"{copy:064x}", 1, 1, 1, copy, None, tuple(fields))


def make_results(folder, sheets=3):
    """Make results of some sheets and one page that could not be read, with their CSV file."""
    path = Path(folder) / "results.sqlite"
    with Store.create(path, FORM) as store:
        for copy in range(1, sheets + 1):
            store.add(sheet(copy))
        store.add(SheetResult("blurred.jpg", "f" * 64, 1, 1, problem="It is too blurred."))
        export(store, path.with_suffix(".csv"))
    return path


if __name__ == "__main__":
    from inkdigits.cli import main

    path = make_results(sys.argv[1])
    main(["form", "review", str(path.with_suffix(".csv")), "--no-open", *sys.argv[2:]])
