"""Recognize the fields of a page from their ink, with all that the form says of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from inkdigits.arrays import Pixels
from inkdigits.forms.boxes import FieldInk
from inkdigits.forms.form import Field
from inkdigits.forms.results import Reason
from inkdigits.forms.sums import settle
from inkdigits.numbers import (
    Candidate,
    ConstraintError,
    Constraints,
    NumberPrediction,
    recognize_boxes,
    recognize_number_in_ink,
)
from inkdigits.numbers.constraints import MAX_CHOICES
from inkdigits.recognizer import Recognizer

DOUBTFUL = 0.5  # confidence; below it, the constraints may be what is wrong


@dataclass(frozen=True)
class Reading:
    """What a field was recognized as: like a `FieldResult`, but without pictures.

    row         from 0
    is_unclear  whether a part of it may be hidden, faint or cut off
    """

    row: int
    field: Field
    value: str
    confidence: float
    candidates: tuple[Candidate, ...]
    reason: Reason | None
    is_unclear: bool = False

    @property
    def review(self) -> bool:
        """Whether a person must look at it, however sure it is."""
        return self.is_unclear or self.reason not in (None, "empty")


def recognize_field(
    row: int, field: Field, ink: FieldInk, recognizer: Recognizer, is_visible: bool
) -> Reading:
    """Recognize one field by itself.

    is_visible  whether the lines of its boxes are seen, so that nothing covers them
    """
    unclear = not (is_visible and ink.is_clear) or _has_gap(ink)
    if ink.is_empty:
        reason: Reason = "unclear" if unclear else "empty"
        return Reading(row, field, "", 0.0 if unclear else 1.0, (), reason, unclear)
    boxes = [box for box in ink.boxes if box.any()]
    # A field without boxes of a form on a scan: a number is written freely in one rectangle.
    is_free = len(ink.boxes) == 1 < field.length
    recognize = recognize_free if is_free else recognize_boxes
    constraints = free_constraints_of(field) if is_free else constraints_of(field, len(boxes))
    if constraints is None:
        found = recognize(boxes, recognizer)
        texts = tuple(replace(each, probability=0.0) for each in found.candidates)
        return Reading(row, field, found.text or "", 0.0, texts, "constraint", unclear)
    found = recognize(boxes, recognizer, constraints)
    allowed = tuple(each for each in found.candidates if _in_range(field, each.text))
    value, confidence, candidates = found.text or "", found.confidence, allowed
    given: Reason | None = "not_a_number" if found.text is None else None
    if value and (not allowed or allowed[0].text != value):
        value, confidence = (allowed[0].text, allowed[0].probability) if allowed else ("", 0.0)
    if confidence < DOUBTFUL and constraints != Constraints():
        freely = recognize(boxes, recognizer)
        if freely.text is not None and freely.confidence > confidence and freely.text != value:
            value, given = freely.text, "constraint"
            wrong = Candidate(value, 0.0)
            candidates = (wrong, *(each for each in candidates if each.text != value))
    if ink.is_struck_out:
        value, given = "", "struck_out"
    elif given is None and unclear:
        given = "unclear"
    return Reading(row, field, value, confidence, candidates, given, unclear)


def recognize_free(
    boxes: Sequence[Pixels], recognizer: Recognizer, constraints: Constraints | None = None
) -> NumberPrediction:
    """Recognize the number that is written freely in the only box of a field."""
    return recognize_number_in_ink(boxes[0], recognizer, constraints)


def free_constraints_of(field: Field) -> Constraints | None:
    """Return what is known of a number that is written freely; None if the form allows none."""
    choices: Iterable[str] | None = field.choices
    if choices is None and field.range is not None:
        low, high = field.range
        if high - low < MAX_CHOICES // field.length:
            choices = dict.fromkeys(  # with zeros before them, or without
                str(number).zfill(digits)
                for digits in range(1, field.length + 1)
                for number in range(low, high + 1)
            )
    if choices is not None:
        choices = tuple(text for text in choices if _in_range(field, text))
    pattern = field.pattern or f"[0-9]{{1,{field.length}}}"
    try:
        return Constraints(None, pattern, choices, field.checksum)
    except ConstraintError:
        return None


def settle_sums(readings: Sequence[Reading]) -> list[Reading]:
    """Choose the texts of fields together whose form says that one is the sum of others.

    readings  of a page, the fields of a row one after the other
    """
    settled: list[Reading] = []
    for _, group in groupby(readings, key=lambda reading: reading.row):
        row = {reading.field.name: reading for reading in group}
        for total in [reading.field for reading in row.values() if reading.field.sum]:
            _settle(total, row)
        settled += row.values()
    return settled


def constraints_of(field: Field, digits: int) -> Constraints | None:
    """Return what is known of a number with so many digits; None if the form allows none.

    A range is a list of the numbers in it, with zeros before them if there are more digits, unless
    it is too long to list.
    """
    choices: Iterable[str] | None = field.choices
    if choices is None and field.range is not None:
        low, high = field.range
        if high - low < MAX_CHOICES:
            choices = (str(number).zfill(digits) for number in range(low, high + 1))
    if choices is not None:
        choices = tuple(text for text in choices if len(text) == digits and _in_range(field, text))
        if not choices:
            return None
    try:
        return Constraints(None, field.pattern, choices, field.checksum)
    except ConstraintError:
        return None


def _in_range(field: Field, text: str) -> bool:
    return field.range is None or field.range[0] <= int(text) <= field.range[1]


def _settle(total: Field, row: dict[str, Reading]) -> None:
    """Settle one sum, in place, if all of its fields can be compared."""
    names = [*(total.sum or ()), total.name]
    parts = [row.get(name) for name in names]
    if any(part is None or part.reason not in (None, "empty") for part in parts):
        return
    found = [part for part in parts if part is not None]
    if found[-1].reason == "empty" or all(part.reason == "empty" for part in found[:-1]):
        return
    candidates = {
        part.field.name: part.candidates or (Candidate("", part.confidence),) for part in found
    }
    for name, result in settle(total.name, names[:-1], candidates).items():
        reading = row[name]
        if reading.reason == "empty":
            row[name] = replace(reading, reason="sum_rule") if result.is_broken else reading
            continue
        best = result.candidates[0]
        row[name] = replace(
            reading,
            value=best.text,
            confidence=best.probability,
            candidates=result.candidates,
            reason="sum_rule" if result.is_broken else reading.reason,
        )


def _has_gap(ink: FieldInk) -> bool:
    """Return whether a box is empty between two that are not."""
    filled = [number for number, box in enumerate(ink.boxes) if box.any()]
    return any(after - before > 1 for before, after in pairwise(filled))
