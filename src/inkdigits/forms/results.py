"""What is known of a form's sheets, as dataclasses: recognized values, pictures and corrections."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from inkdigits.forms.form import Field

Reason = Literal["empty", "struck_out", "not_a_number", "constraint", "sum_rule", "unclear"]
REASONS: tuple[str, ...] = get_args(Reason)


@dataclass(frozen=True)
class StoredForm:
    """The form whose sheets were read, as far as the results need it.

    identity  tells its sheets from those of other forms
    fields    of each row, in order
    """

    identity: str
    title: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @property
    def rules(self) -> tuple[Field, ...]:
        """The fields without their labels, which say nothing about the numbers."""
        return tuple(replace(field, label="") for field in self.fields)


@dataclass(frozen=True)
class BoxCrop:
    """One box of a field: its picture as a PNG file, and whether no ink is in it."""

    picture: bytes
    blank: bool


@dataclass(frozen=True)
class FieldResult:
    """What one field was recognized as.

    row         from 1
    value       digits; "" if the field is empty or cannot be recognized
    confidence  probability that the value is right, 0 to 1
    candidates  other values and their probabilities, the most probable first
    reason      why there is no value, or why it is doubtful; None if nothing is wrong
    review      whether a person must look at it however high the confidence is; a confidence below
                the threshold of the results needs no flag here
    crop        picture of the field, a PNG file
    boxes       its boxes, left to right; of a field without boxes, none
    """

    row: int
    name: str
    value: str
    confidence: float
    candidates: tuple[tuple[str, float], ...]
    reason: Reason | None
    review: bool
    crop: bytes
    boxes: tuple[BoxCrop, ...] = ()


@dataclass(frozen=True)
class SheetResult:
    """What one page of a source turned out to be.

    source     name of the file, as it is shown to people
    sha256     of the file's content, in hexadecimal
    pages      number of the file's pages
    page       of the file, from 1
    form_page  page of the form, from 1, and number of the printed copy; None if there is a problem
    problem    why the page was not read, in a sentence; None if it was
    """

    source: str
    sha256: str
    pages: int
    page: int
    form_page: int | None = None
    copy: int | None = None
    problem: str | None = None
    fields: tuple[FieldResult, ...] = ()


@dataclass(frozen=True)
class StoredSheet:
    """A page that has been read, or that could not be read."""

    id: int
    source: str
    sha256: str
    page: int
    form_page: int | None
    copy: int | None
    problem: str | None


@dataclass(frozen=True)
class StoredField:
    """A field with its present value.

    value       the person's if there is one, otherwise the recognized one
    recognized  the recognized one
    who         who answered last; None if nobody did
    """

    id: int
    sheet: int
    row: int
    name: str
    value: str
    recognized: str
    confidence: float
    candidates: tuple[tuple[str, float], ...]
    reason: Reason | None
    review: bool
    who: str | None

    def needs_review(self, threshold: float) -> bool:
        """Return whether a person should look at it, and none has done so."""
        doubtful = self.reason != "empty" and self.confidence < threshold
        return self.who is None and (self.review or doubtful)


@dataclass(frozen=True)
class Correction:
    """Who changed a field, when (UTC, ISO 8601), from what, to what.

    old, new  values; None for "not answered by a person", so a `new` of None is an answer undone
    """

    field: int
    who: str
    time: str
    old: str | None
    new: str | None
