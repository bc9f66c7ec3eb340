"""Recognize the fields of forms in pictures and PDF files, as rows of a table."""

import tempfile
from collections.abc import Iterator, Set
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkdigits.dataclass_json import to_json
from inkdigits.forms.export import review_of
from inkdigits.forms.form import Form
from inkdigits.forms.read_page import read_page
from inkdigits.forms.results import FieldResult, SheetResult, StoredField
from inkdigits.forms.scanned_form import ScannedForm
from inkdigits.forms.sources import SOURCE_SUFFIXES, PageError, open_source
from inkdigits.recognizer import Recognizer
from inkdigits.scale.memory import memory_errors
from inkdigits.scale.parts import Picture
from inkdigits.scale.tasks import (
    TOO_LITTLE_MEMORY,
    Outcome,
    Row,
    candidates_type,
    describe,
    recognizer_settings,
)
from inkdigits.storage.files import read_file

if TYPE_CHECKING:
    import pyarrow as pa

MAX_SCAN_BYTES = 128 * 2**20


@dataclass(frozen=True)
class FormTask:
    """Recognize the fields of a form's sheets: a row for each field, or for a page without any.

    threshold  confidence below which a person should look at a field
    scan       content of the file of the empty form, if the form is not one of our own: workers
               have no such file
    """

    form: Form
    recognizer: Recognizer
    threshold: float
    scan: bytes | None = None
    kind: str = "forms"
    suffixes: Set[str] = frozenset(SOURCE_SUFFIXES)

    @classmethod
    def of(cls, form: Form, recognizer: Recognizer, threshold: float) -> "FormTask":
        """Make a task for a form; raise FileError if its scan cannot be read."""
        scan = None
        if isinstance(form, ScannedForm):
            scan = read_file(form.scan_path.resolve(), MAX_SCAN_BYTES)
        return cls(form, recognizer, threshold, scan)

    def settings(self) -> dict[str, Any]:
        """Return, as JSON, all that may change the results of a picture."""
        names = [field.name for field in fields(self.form) if field.name != "folder"]
        return {
            "model": recognizer_settings(self.recognizer),
            "form": {name: to_json(getattr(self.form, name)) for name in names},
            "review": self.threshold,
        }

    def schema(self) -> "pa.Schema":
        """Return the columns of the rows."""
        import pyarrow as pa

        return pa.schema(
            [
                pa.field("key", pa.string(), nullable=False),
                ("page", pa.int32()),
                ("copy", pa.int64()),
                ("row", pa.int32()),
                ("field", pa.string()),
                ("value", pa.string()),
                ("confidence", pa.float32()),
                ("review", pa.string()),
                ("candidates", candidates_type()),
                ("error", pa.string()),
            ]
        )

    def rows(self, pictures: Iterator[Picture]) -> Iterator[Row]:
        """Recognize the sheets in pictures and PDF files, and yield a row for each field."""
        with tempfile.TemporaryDirectory(prefix="inkdigits-") as name:
            folder = Path(name)
            form = self._local_form(folder)
            for key, content in pictures:
                if isinstance(content, OSError):
                    yield {"key": key, "error": describe(content)}
                    continue
                path = folder / "sheets"
                path.write_bytes(content)
                for page in self._pages(path, form):
                    yield from self._page_rows(key, page)

    def outcome(self, row: Row) -> Outcome:
        """Return what became of the field of a row; those that a person must look at: rejected."""
        if row["error"] is not None:
            return "failed"
        return "rejected" if row["review"] else "recognized"

    def _local_form(self, folder: Path) -> Form:
        """Return the form, with its scan in a folder of this machine."""
        if self.scan is None or not isinstance(self.form, ScannedForm):
            return self.form
        (folder / "scan").write_bytes(self.scan)
        return replace(self.form, folder=folder, scan=replace(self.form.scan, file="scan"))

    def _pages(self, path: Path, form: Form) -> Iterator[SheetResult]:
        """Recognize the pages of a file; one that fails is a result with the problem."""
        try:
            with memory_errors():
                source = open_source(str(path))
        except (PageError, MemoryError) as error:
            yield SheetResult("", "", 1, 1, problem=_problem(error))
            return
        for number in range(1, source.pages + 1):
            try:
                with memory_errors():
                    page = read_page(source, number, form, self.recognizer)
            except MemoryError as error:
                page = SheetResult("", "", source.pages, number, problem=_problem(error))
            yield page

    def _page_rows(self, key: str, page: SheetResult) -> Iterator[Row]:
        head = {"key": key, "page": page.page, "copy": page.copy}
        if page.problem is not None:
            yield {**head, "error": describe(page.problem)}
        for field in page.fields:
            yield {
                **head,
                "row": field.row,
                "field": field.name,
                "value": field.value,
                "confidence": field.confidence,
                "review": review_of(_stored(field), self.threshold),
                "candidates": [
                    {"text": text, "probability": probability}
                    for text, probability in field.candidates
                ],
                "error": None,
            }


def _problem(error: PageError | MemoryError) -> str:
    return TOO_LITTLE_MEMORY if isinstance(error, MemoryError) else str(error)


def _stored(field: FieldResult) -> StoredField:
    """Return a field as it would be in a store, where nobody has looked at it."""
    return StoredField(
        id=0,
        sheet=0,
        row=field.row,
        name=field.name,
        value=field.value,
        recognized=field.value,
        confidence=field.confidence,
        candidates=field.candidates,
        reason=field.reason,
        review=field.review,
        who=None,
    )
