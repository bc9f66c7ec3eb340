"""How well sheets are read: printed by inkdigits, filled by unseen writers, photographed.

Each sheet has 90 fields, filled with digits of one writer that no model was trained on, and is
photographed by a simulated camera. Spoilt sheets, and sheets of another form, must be reported or
flagged, never read wrongly without a word.

With --wrong, the wrong fields that were not flagged are written to a folder, for a look at them.
"""

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from filled_sheets import ANOTHER_FORM, FORM, SEED, Sheet, sheets
from results_store import save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sheet_camera import SPOILT
from sheet_filler import Entry, Writer, unseen_writers

from inkdigits import Recognizer
from inkdigits.forms.read_page import read_page
from inkdigits.forms.results import SheetResult
from inkdigits.forms.sources import open_source
from inkdigits.forms.store import DEFAULT_THRESHOLD
from inkdigits.worker_pool import use_one_thread

AIM_RIGHT, AIM_FLAGGED, AIM_SPEED = 0.99, 0.08, 10.0
SPOILT_SHEETS = 20  # spoilt sheets of each kind, for 200 sheets


@dataclass
class Counts:
    """What became of fields."""

    fields: int = 0
    flagged: int = 0
    right: int = 0  # of those not flagged
    wrong: int = 0
    sheets: int = 0
    refused: int = 0
    problems: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def share_right(self) -> float:
        """Share of the fields that were not flagged that are right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def share_flagged(self) -> float:
        """Share of all fields that were flagged."""
        return self.flagged / max(1, self.fields)


class Reader:
    """Reads sheets as `inkdigits form read` does, and measures the processor time that it takes."""

    def __init__(self, recognizer: Recognizer, folder: Path) -> None:
        self.recognizer, self.folder = recognizer, folder
        self.seconds: list[float] = []

    def read(self, sheet: Sheet) -> SheetResult:
        """Read one sheet from a file."""
        path = self.folder / "sheet.jpg"
        path.write_bytes(sheet.file)
        started = time.process_time()
        result = read_page(open_source(str(path)), 1, FORM, self.recognizer)
        self.seconds.append(time.process_time() - started)
        return result


def is_flagged(result: Any) -> bool:
    """Return whether a person must review a field."""
    return bool(
        result.review or (result.reason != "empty" and result.confidence < DEFAULT_THRESHOLD)
    )


def measure(
    reader: Reader, count: int, writers: list[Writer], wrong: Path | None
) -> dict[str, Any]:
    """Read sheets that are not spoilt; report fields by kind of photograph."""
    overall = Counts()
    by_kind: dict[str, dict[str, Counts]] = defaultdict(lambda: defaultdict(Counts))
    empty, struck_out = Counts(), Counts()
    calibration: list[tuple[float, bool]] = []  # confidence, 0 if it is flagged for a reason
    for number, sheet in enumerate(track(sheets(count, None, writers), "sheets", total=count)):
        result = reader.read(sheet)
        levels = sheet.camera.levels | {
            "pen": sheet.pen,
            "writers": "UNIPEN" if "/" in sheet.writer else "Pendigits",
            "paper": "curled" if sheet.camera.curl_mm else "flat",
        }
        all_counts = [overall, *(by_kind[factor][level] for factor, level in levels.items())]
        for counts in all_counts:
            counts.sheets += 1
            if result.problem is not None:
                counts.refused += 1
                counts.problems[result.problem] += 1
        found = {(each.row - 1, each.name): each for each in result.fields}
        for entry in sheet.entries:
            answer = found.get((entry.row, entry.name))
            if entry.is_struck_out or not entry.text:
                _count([struck_out if entry.is_struck_out else empty], answer, entry)
                continue
            _count(all_counts, answer, entry)
            if answer is None:
                continue
            confidence = 0.0 if answer.review else answer.confidence
            calibration.append((confidence, answer.value == entry.text))
            if wrong and not is_flagged(answer) and answer.value != entry.text:
                name = f"{number} {entry.row} {entry.name} {entry.text} as {answer.value or 'none'}"
                wrong.mkdir(parents=True, exist_ok=True)
                (wrong / f"{name} {answer.confidence:.4f}.png").write_bytes(answer.crop)
    return {
        "all": _figures(overall),
        "empty fields": _figures(empty),
        "struck-out fields": _figures(struck_out),
        "by_kind": {
            factor: {level: _figures(counts) for level, counts in sorted(levels.items())}
            for factor, levels in by_kind.items()
        },
        "confidence": _reliability(calibration),
    }


def _count(all_counts: list[Counts], answer: Any, entry: Entry) -> None:
    for counts in all_counts:
        counts.fields += 1
        if answer is None or is_flagged(answer):  # a sheet that is refused is a person's to type
            counts.flagged += 1
        elif answer.value == entry.text and not entry.is_struck_out:
            counts.right += 1
        else:
            counts.wrong += 1


def _figures(counts: Counts) -> dict[str, Any]:
    return {
        "sheets": counts.sheets,
        "sheets_refused": counts.refused,
        "fields": counts.fields,
        "right_of_not_flagged": counts.share_right,
        "wrong": counts.wrong,
        "flagged": counts.share_flagged,
        "problems": dict(counts.problems),
    }


def _reliability(calibration: list[tuple[float, bool]]) -> dict[str, Any]:
    """Return the accuracy of fields by confidence, of the surest 70%, and by other thresholds."""
    table = np.array(sorted(calibration), float).reshape(-1, 2)
    edges = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0001)
    bins = {}
    for low, high in pairwise(edges):
        inside = table[(table[:, 0] >= low) & (table[:, 0] < high), 1]
        if len(inside):
            bins[f"from {low}"] = {"fields": len(inside), "right": float(inside.mean())}
    surest = table[int(0.3 * len(table)) :, 1]
    thresholds = {}
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99):
        kept = table[table[:, 0] >= threshold, 1]
        if len(kept):
            flagged = 1 - len(kept) / len(table)
            thresholds[str(threshold)] = {"flagged": flagged, "right": float(kept.mean())}
    return {
        "bins": bins,
        "surest_70_percent": float(surest.mean()) if len(surest) else None,
        "thresholds": thresholds,
    }


def measure_spoilt(reader: Reader, count: int, writers: list[Writer]) -> dict[str, Any]:
    """Read spoilt sheets; report how many were told, and what was wrong in silence."""
    results = {}
    for spoilt in (*SPOILT, ANOTHER_FORM):
        told = silent = refused = 0
        problems: dict[str, int] = defaultdict(int)
        for sheet in track(sheets(count, spoilt, writers), spoilt, total=count):
            result = reader.read(sheet)
            problems[result.problem or "read"] += 1
            refused += result.problem is not None
            found = {(each.row - 1, each.name): each for each in result.fields}
            if sheet.is_other_form:
                wrong = [each for each in found.values() if not is_flagged(each)]
            else:
                wrong = [
                    found[entry.row, entry.name]
                    for entry in sheet.entries
                    if (entry.row, entry.name) in found
                    and not is_flagged(found[entry.row, entry.name])
                    and (entry.is_struck_out or found[entry.row, entry.name].value != entry.text)
                ]
            silent += len(wrong)
            told += result.problem is not None or any(map(is_flagged, result.fields))
        results[spoilt] = {
            "sheets": count,
            "told": told,
            "refused": refused,
            "fields_wrong_in_silence": silent,
            "problems": dict(problems),
        }
    return results


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables."""
    console = Console(width=130)
    table = Table(
        "photographs", "", "sheets", "refused", "fields", "right, if not flagged", "flagged"
    )

    def add(name: str, level: str, each: dict[str, Any]) -> None:
        table.add_row(
            name, level, str(each["sheets"] or ""), str(each["sheets_refused"] or ""),
            f"{each['fields']:,}",
            f"{each['right_of_not_flagged']:.2%} ({each['wrong']} wrong)", f"{each['flagged']:.1%}",
        )  # fmt: skip

    for name in ("all", "empty fields", "struck-out fields"):
        add(name, "", figures[name])
    for factor, levels in figures["by_kind"].items():
        table.add_section()
        for level, each in levels.items():
            add(factor, level, each)
    console.print(table)
    console.print(figures["confidence"])
    console.print(figures["all"]["problems"])
    table = Table("spoilt", "sheets", "told", "refused", "fields wrong in silence", "problems")
    for name, each in figures["spoilt"].items():
        problems = "\n".join(f"{count}: {text}" for text, count in each["problems"].items())
        table.add_row(
            name, str(each["sheets"]), str(each["told"]), str(each["refused"]),
            str(each["fields_wrong_in_silence"]), problems,
        )  # fmt: skip
    console.print(table)
    console.print(f"{figures['sheets_a_minute']:.1f} sheets a minute on one core")


def main() -> None:
    """Read all sheets; print and save the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sheets", type=int, default=200, help="number of sheets")
    parser.add_argument("--model", default="cnn-small", help="name or file of the model")
    parser.add_argument("--wrong", type=Path, metavar="FOLDER", help="write the wrong fields there")
    parser.add_argument("--no-save", action="store_true", help="only print the figures")
    arguments = parser.parse_args()
    use_one_thread()
    writers = unseen_writers()
    # Writers of both sources alternate, so that a small run has both.
    writers = [writers[number] for number in np.random.default_rng(SEED).permutation(len(writers))]
    recognizer = Recognizer.load(arguments.model)
    with TemporaryDirectory() as folder:
        reader = Reader(recognizer, Path(folder))
        figures = measure(reader, arguments.sheets, writers, arguments.wrong)
        speed = 60 / float(np.mean(reader.seconds))
        spoilt = measure_spoilt(reader, max(1, arguments.sheets * SPOILT_SHEETS // 200), writers)
    figures |= {
        "sheets": arguments.sheets,
        "threshold": DEFAULT_THRESHOLD,
        "model": recognizer.name,
        "digest": recognizer.digest,
        "aims": {
            "right_of_not_flagged": AIM_RIGHT,
            "flagged": AIM_FLAGGED,
            "sheets_a_minute": AIM_SPEED,
        },
        "sheets_a_minute": speed,
        "spoilt": spoilt,
    }
    show(figures)
    if not arguments.no_save:
        save_results("forms", figures)


if __name__ == "__main__":
    main()
