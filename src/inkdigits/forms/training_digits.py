"""Digits that a person has confirmed or corrected, as pictures to train on."""

import csv
import io
from collections import Counter
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
    sheets = {sheet.id: sheet for sheet in store.sheets()}
    writers: list[tuple[str, str]] = []
    counts: Counter[str] = Counter()
    skipped = 0
    for field in store.fields():
        if field.who is None or not field.value:
            continue
        boxes = [(n, box) for n, box in enumerate(store.boxes(field.id)) if not box.blank]
        if len(boxes) != len(field.value):
            skipped += 1
            continue
        for digit, (n, box) in zip(field.value, boxes, strict=True):
            name = f"{digit}/{field.id}-{n}.png"
            (folder / digit).mkdir(parents=True, exist_ok=True)
            write_atomically(folder / name, box.picture)
            writers.append((name, _writer(sheets[field.sheet])))
            counts[digit] += 1
    if writers:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("file", "writer"), *writers])
        write_atomically(folder / WRITERS_FILE, text.getvalue().encode())
    return WrittenDigits(dict(sorted(counts.items())), skipped)


def _writer(sheet: StoredSheet) -> str:
    # All pages of one printed copy are filled in by the same person.
    return f"{sheet.sha256[:12]}-{sheet.page}" if sheet.copy is None else f"sheet-{sheet.copy}"
