"""The page on which a person checks doubtful fields: what it shows, and the answers it sends."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from inkdigits.dataclass_json import from_json
from inkdigits.forms.answers import hint, impossible, unusual
from inkdigits.forms.export import REVIEW
from inkdigits.forms.form import Field
from inkdigits.forms.likeness import MAX_GROUP, group_alike
from inkdigits.forms.results import StoredField, StoredSheet
from inkdigits.forms.store import MAX_WHO, Store
from inkdigits.strict_json import parse

PAGE = "review.html"
FILES = ("favicon.svg", "local.css", "review.css", "review.js", "review-api.js")
MAX_ID = 2**63 - 1  # SQLite has no larger integers
MAX_SHOWN = 600  # fields at once; when they are answered, the page asks for the next ones


@dataclass(frozen=True)
class _Answer:
    """An answer for some fields.

    value   None to take back the answers before
    anyway  whether to keep it although it breaks a rule of the form
    """

    fields: tuple[int, ...]
    value: str | None
    who: str
    anyway: bool


def create_routes(
    path: Path, who: str, on_answer: Callable[[], object], answered: bool = False
) -> Blueprint:
    """Create the routes of the page.

    path      of the results
    who       name of the person, until the page sends another
    on_answer  called when an answer has been kept
    answered  whether to show the fields, too, that were answered before
    """
    routes = Blueprint("review", __name__)

    @routes.get("/queue")
    def queue() -> Response:
        with Store.open(path, verify=False) as store:
            return jsonify(_queue(store, who, answered))

    @routes.get(f"/fields/<int(max={MAX_ID}):field>.png")
    def crop(field: int) -> Response:
        with Store.open(path, verify=False) as store:
            picture = store.crop(field)
        if picture is None:
            abort(404, "There is no such field.")
        return Response(picture, content_type="image/png")

    @routes.post("/answers")
    def answers() -> Response:
        answer = _parse_answer(request.get_data())
        with Store.open(path, verify=False) as store:
            response = _keep(store, answer)
        on_answer()
        return response

    return routes


def _queue(store: Store, who: str, answered: bool) -> dict[str, Any]:
    """Return the fields to review, in groups, the least certain first."""
    threshold = store.threshold
    fields = store.fields()
    waiting = sorted(
        (
            field
            for field in fields
            if field.needs_review(threshold) or (answered and field.who is not None)
        ),
        key=lambda field: (field.who is not None, field.confidence),
    )
    shown = waiting[:MAX_SHOWN]
    sheets = {sheet.id: sheet for sheet in store.sheets()}
    groups = group_alike(shown, [store.crop(field.id) or b"" for field in shown])
    form = store.form
    rows: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    for field in fields:
        rows[field.sheet, field.row][field.name] = field.value
    return {
        "title": form.title,
        "results": store.path.stem,
        "who": who,
        "total": len(fields),
        "answered": sum(field.who is not None for field in fields),
        "waiting": sum(field.who is None for field in waiting),
        "hints": {field.name: hint(field) for field in form.fields},
        "groups": [
            [
                _describe(field, sheets[field.sheet])
                | {"sum": _sum(form.fields, field, rows[field.sheet, field.row])}
                for field in group
            ]
            for group in groups
        ],
    }


def _describe(field: StoredField, sheet: StoredSheet) -> dict[str, Any]:
    copy = "" if sheet.copy is None else f", sheet {sheet.copy}"
    return {
        "id": field.id,
        "name": field.name,
        "row": field.row,
        "place": f"{Path(sheet.source).name}, page {sheet.page}{copy}",
        "value": field.value,
        "answered": field.who is not None,
        "confidence": field.confidence,
        "reason": REVIEW.get(field.reason or "", ""),
        "candidates": [text for text, _ in field.candidates if text != field.value],
    }


def _sum(rules: Sequence[Field], field: StoredField, row: Mapping[str, str]) -> str:
    """Write the sum that is wrong in a field's row, such as "12 + 30 = 43"."""
    if field.reason != "sum_rule":
        return ""
    for rule in rules:
        if rule.sum is not None and field.name in (rule.name, *rule.sum):
            parts = " + ".join(row.get(name) or "?" for name in rule.sum)
            return f"{parts} = {row.get(rule.name) or '?'}"
    return ""


def _parse_answer(body: bytes) -> _Answer:
    """Check the types of an answer."""
    try:
        answer = from_json(parse(body), _Answer, {}, complete=False)
    except ValueError as error:
        abort(400, f"This is not an answer of the page: {error}.")
    if not (0 < len(answer.fields) <= MAX_GROUP and all(0 < n <= MAX_ID for n in answer.fields)):
        abort(422, f"An answer is for 1 to {MAX_GROUP} fields.")
    who = " ".join(answer.who.split())
    if not (0 < len(who) <= MAX_WHO and who.isprintable()):
        abort(422, f"Enter your name, of at most {MAX_WHO} characters.")
    return replace(answer, who=who)


def _keep(store: Store, answer: _Answer) -> Response:
    """Keep an answer, or tell why it is refused."""
    known = [field for field in map(store.field, answer.fields) if field is not None]
    if len(known) < len(answer.fields):
        abort(404, "There is no such field.")
    if answer.value is not None:
        _check(store, known, answer.value, answer.anyway)
    corrections = [store.correct(field.id, answer.value, answer.who) for field in known]
    return jsonify([{"id": each.field, "old": each.old, "new": each.new} for each in corrections])


def _check(store: Store, fields: list[StoredField], value: str, anyway: bool) -> None:
    form = {field.name: field for field in store.form.fields}
    for field in fields:
        rule = form[field.name]
        if problem := impossible(rule, value):
            abort(422, problem)
        row = {other.name: other.value for other in store.row(field)}
        if not anyway and (problem := unusual(rule, value, row)):
            abort(409, problem)
