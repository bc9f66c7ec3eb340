"""Recognize the sheets in many files, on several processes, and keep each as soon as it is done."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from inkdigits.forms.form import Form
from inkdigits.forms.read_page import read_page
from inkdigits.forms.results import SheetResult
from inkdigits.forms.sources import PAGED_SUFFIXES, PageError, Source, open_source
from inkdigits.forms.store import Store
from inkdigits.recognizer import Recognizer
from inkdigits.threads import available_cpus
from inkdigits.worker_pool import MAX_WORKERS, can_start_processes, map_in_processes

Status: TypeAlias = Literal["read", "failed", "before"]


@dataclass(frozen=True)
class Page:
    """What became of a page, or of a file that cannot be opened, which counts as one page.

    status   "read"; "failed", for the reason that is its problem; or "before", if it was read in an
             earlier run
    """

    source: str
    number: int
    status: Status
    problem: str | None = None


def read_many(
    paths: Iterable[str],
    form: Form,
    recognizer: Recognizer,
    store: Store,
    workers: int = 1,
    photocopies: bool = False,
) -> Generator[Page, None, None]:
    """Recognize the sheets in files, and add each to the results before the next is yielded.

    Pages that were read before are not read again, whatever their file is called now. Those that
    failed are: the cause may be gone, such as a missing file or option.

    workers      processes to use; 1 is this process
    photocopies  whether several sheets may be the same page of the same copy
    yields       each page, in order
    raises       WorkerDied
    """
    ready: deque[Page | None] = deque()  # None stands for the next result
    calls = _calls(paths, store, ready)
    results = map_in_processes(partial(_read, form=form, recognizer=recognizer), calls, workers)
    for result in results:
        while (page := ready.popleft()) is not None:
            yield page
        yield _keep(result, store, photocopies)
    yield from (page for page in ready if page is not None)


def choose_workers(paths: Sequence[str]) -> int:
    """Return how many processes to use for files; a sheet takes a second or more.

    One for each file is enough, unless a file may have many pages.
    """
    has_pages = any(Path(path).suffix.lower() in PAGED_SUFFIXES for path in paths)
    workers = min(available_cpus(), MAX_WORKERS, MAX_WORKERS if has_pages else len(paths))
    return workers if workers > 1 and can_start_processes() else 1


def _calls(
    paths: Iterable[str], store: Store, ready: deque[Page | None]
) -> Iterator[tuple[Source, int]]:
    """Yield what is to be read, and note in order what is not."""
    opened: dict[str, str] = {}
    for path in paths:
        try:
            source = open_source(path)
        except PageError as error:
            ready.append(Page(path, 1, "failed", str(error)))
            continue
        if source.digest in opened:
            if opened[source.digest] != path:
                problem = f"The file is the same as {opened[source.digest]}: leave one of them out."
                ready.append(Page(path, 1, "failed", problem))
            continue
        opened[source.digest] = path
        before = store.pages_read(source.digest)
        for number in range(1, source.pages + 1):
            if number in before:
                ready.append(Page(path, number, "before"))
            else:
                ready.append(None)
                yield source, number


def _read(source: Source, number: int, form: Form, recognizer: Recognizer) -> SheetResult:
    return read_page(source, number, form, recognizer)


def _keep(result: SheetResult, store: Store, photocopies: bool) -> Page:
    """Add a result to the store, without its fields if it is a duplicate."""
    if result.copy is not None and result.form_page is not None and not photocopies:
        other = store.find_copy(result.copy, result.form_page)
        if other is not None:
            problem = (
                f"This is page {result.form_page} of copy {result.copy}, which was read from "
                f"{other.source}{f', page {other.page}' if other.page > 1 else ''}: leave one of "
                "them out, or use --photocopies if they are different sheets."
            )
            result = replace(result, form_page=None, copy=None, problem=problem, fields=())
    store.add(result)
    status: Status = "read" if result.problem is None else "failed"
    return Page(result.source, result.page, status, result.problem)
