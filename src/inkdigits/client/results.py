"""What the service returns; docs/api.md describes each field."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Prediction:
    """A prediction for one digit."""

    digit: int | None
    label: str | None
    reason: str | None
    confidence: float
    probabilities: list[float]
    seen: bytes | None  # a PNG file, if requested
    model: dict[str, str]
    duration_ms: float
    may_be_number: bool | None = None  # an older service does not say
    profile: dict[str, int] | None = None  # whose personal model it was: its version


@dataclass(frozen=True)
class NumberDigit:
    """One digit of a number; the box is left, top, width and height."""

    box: list[float] | None
    digit: int
    probabilities: list[float]


@dataclass(frozen=True)
class Separator:
    """A sign between, before or after the digits."""

    symbol: str
    box: list[float]
    position: int


@dataclass(frozen=True)
class Candidate:
    """What a number may be."""

    text: str
    probability: float


@dataclass(frozen=True)
class Number:
    """A number that was recognized, or why none was."""

    text: str | None
    reason: str | None
    confidence: float
    written: str
    digits: list[NumberDigit]
    separators: list[Separator]
    candidates: list[Candidate]
    model: dict[str, str]
    duration_ms: float
    profile: dict[str, int] | None = None  # as that of a Prediction


class ServiceError(Exception):
    """The service rejected a request, failed, or could not be reached; the message says why.

    status      of the response; None if there was none
    request_id  to find the request in the service's log; None if there was no response
    """

    def __init__(self, detail: str, status: int | None, request_id: str | None) -> None:
        super().__init__(detail)
        self.status = status
        self.request_id = request_id


def prediction(content: dict[str, Any]) -> Prediction:
    """Convert a prediction."""
    result = _known(Prediction, content)
    if result["seen"]:
        result["seen"] = base64.b64decode(result["seen"].partition(",")[2])
    return Prediction(**result)


def number(content: dict[str, Any]) -> Number:
    """Convert a number."""
    result = _known(Number, content)
    parts = {"digits": NumberDigit, "separators": Separator, "candidates": Candidate}
    for name, kind in parts.items():
        result[name] = [kind(**_known(kind, part)) for part in result[name] or []]
    return Number(**result)


def result_of(convert: Callable[[Any], T], item: dict[str, Any]) -> T | ServiceError:
    """Convert an item of a batch."""
    if "detail" in item:
        return ServiceError(item["detail"], item.get("status"), item.get("request_id"))
    return convert(item)


def _known(kind: type, content: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that this version knows; a newer or older service has more or fewer."""
    return {field.name: content.get(field.name) for field in fields(kind)}
