"""Digits that a person has confirmed or corrected, as pictures to train on."""

import csv
import io
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from inkdigits.data.class_folders import WRITERS_FILE
from inkdigits.forms.results import StoredSheet
from inkdigits.forms.store import Store
from inkdigits.storage.files import FileError, write_atomically


@dataclass(frozen=True)
class WrittenDigits:
    """What was written.

    counts   how many pictures of each digit, by its name
    skipped  fields whose boxes with ink are not as many as the digits of the answer
    """

    counts: dict[str, int]
    skipped: int


@dataclass(frozen=True)
class AnsweredDigit:
    """One box of a field that a person has answered.

    field    its ID
    picture  a PNG file
    name     that no other box of the results has
    writer   the sheet
    """

    digit: int
    field: int
    picture: bytes
    name: str
    writer: str


def answered_digits(store: Store, copies: Collection[int] = ()) -> tuple[list[AnsweredDigit], int]:
    """List the boxes of all fields that a person has answered.

    copies   numbers of the sheets to take; none takes all
    returns  the digits; and how many fields are left out, because their boxes with ink are not as
             many as the digits of the answer
    """
    sheets = {sheet.id: sheet for sheet in store.sheets()}
    digits: list[AnsweredDigit] = []
    skipped = 0
    for field in store.fields():
        sheet = sheets[field.sheet]
        if field.who is None or not field.value or (copies and sheet.copy not in copies):
            continue
        boxes = [(n, box) for n, box in enumerate(store.boxes(field.id)) if not box.blank]
        if len(boxes) != len(field.value):
            skipped += 1
            continue
        digits += [
            AnsweredDigit(int(digit), field.id, box.picture, f"{field.id}-{n}", _writer(sheet))
            for digit, (n, box) in zip(field.value, boxes, strict=True)
        ]
    return digits, skipped


def write_digits(store: Store, folder: str | Path) -> WrittenDigits:
    """Write each box of a field that a person has answered into a folder named like its digit.

    The folder is one that `inkdigits train --data` takes. A sheet counts as one writer; the file
    of the writers has neither names of people nor of files.

    folder   new or empty
    raises   FileError if the folder has something in it; OSError
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(f"{folder} is not an empty folder; name one that does not exist.")
    digits, skipped = answered_digits(store)
    writers: list[tuple[str, str]] = []
    counts: Counter[str] = Counter()
    for each in digits:
        digit = str(each.digit)
        name = f"{digit}/{each.name}.png"
        (folder / digit).mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, each.picture)
        writers.append((name, each.writer))
        counts[digit] += 1
    if writers:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("file", "writer"), *writers])
        write_atomically(folder / WRITERS_FILE, text.getvalue().encode())
    return WrittenDigits(dict(sorted(counts.items())), skipped)


def _writer(sheet: StoredSheet) -> str:
    # All pages of one printed copy are filled in by the same person.
    return f"{sheet.sha256[:12]}-{sheet.page}" if sheet.copy is None else f"sheet-{sheet.copy}"
