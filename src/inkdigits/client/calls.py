"""The calls of the service as data: a request, and how to interpret its response."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import httpx

from inkdigits.client.drawings import Drawing, as_object, fields_of, file_of, to_json
from inkdigits.client.results import (
    Number,
    Prediction,
    ServiceError,
    number,
    prediction,
    result_of,
)

BATCH_DRAWINGS = 32  # in one request: what the service accepts by default
BATCH_BYTES = 16 << 20  # of image files in base64 in one request; the service accepts 21 MiB
JSON = {"Content-Type": "application/json"}

T = TypeVar("T")

Constraints: TypeAlias = Mapping[str, Any]  # by the names of `Client.recognize_number`'s arguments
Result: TypeAlias = Prediction | ServiceError | OSError
NumberResult: TypeAlias = Number | ServiceError | OSError


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, as the arguments of httpx, and the function that makes its JSON the result.

    is_json   whether the response is JSON; otherwise, the function gets its bytes
    """

    request: dict[str, Any]
    convert: Callable[[Any], T]
    is_json: bool = True

    @property
    def is_safe_to_repeat(self) -> bool:
        """Whether it does no harm to make the call twice: it does not change a profile."""
        changes = self.request["url"].startswith("api/v1/profile")
        return self.request["method"] == "GET" or not changes

    def interpret(self, response: httpx.Response) -> T:
        """Return the result; raise ServiceError for an error response."""
        request_id = response.headers.get("X-Request-ID")
        if response.is_success and not self.is_json:
            return self.convert(response.content)
        try:
            content = response.json()
        except ValueError:
            content = None  # from a proxy, for example
        if response.is_success and isinstance(content, dict):
            return self.convert(content)
        detail = content.get("detail") if isinstance(content, dict) else None
        if response.is_success:
            detail = "The response is not JSON; check the address of the service."
        raise ServiceError(detail or response.reason_phrase, response.status_code, request_id)


MODELS = Call[list[dict[str, Any]]](
    {"method": "GET", "url": "api/v1/models"}, lambda content: content["models"]
)


def one(drawing: Drawing, model: str | None, seen: bool) -> Call[Prediction]:
    """Make the call for one digit; the arguments and errors are those of `Client.predict`."""
    data = file_of(drawing)
    request = _request("predictions", _query(model, seen))
    if data is None:
        request |= {"content": to_json(fields_of(drawing)), "headers": JSON}
    else:
        request |= {"content": data, "headers": {"Content-Type": "application/octet-stream"}}
    return Call(request, prediction)


def one_number(drawing: Drawing, model: str | None, constraints: Constraints) -> Call[Number]:
    """Make the call for one number, as `Client.recognize_number` is called."""
    request = _request("numbers", _query(model))
    request |= {"content": to_json(as_object(drawing) | _sent(constraints)), "headers": JSON}
    return Call(request, number)


def explanation(
    drawing: Drawing, model: str | None, options: Mapping[str, Any]
) -> Call[dict[str, Any]]:
    """Make the call for an explanation, as `Client.explain` is called."""
    unit = options["unit"]
    sent = dict(options) | {"unit": None if unit is None else {"layer": unit[0], "index": unit[1]}}
    if sent["parts"] is not None:
        if isinstance(sent["parts"], str):
            raise TypeError("parts is a list of names, not a single one")
        sent["parts"] = list(sent["parts"])
    fields = {name: value for name, value in sent.items() if value is not None}
    request = _request("explanations", _query(model))
    request |= {"content": to_json(as_object(drawing) | fields), "headers": JSON}
    return Call(request, lambda content: content)


def batches(
    drawings: Iterable[Drawing], model: str | None, seen: bool
) -> Iterator[Call[list[Prediction | ServiceError]] | OSError]:
    """Yield a call for some digits at a time, and the error for a file that cannot be read."""
    request = _request("predictions/batch", _query(model, seen))
    return _batches(drawings, request, {}, "predictions", prediction)


def number_batches(
    drawings: Iterable[Drawing], model: str | None, constraints: Constraints
) -> Iterator[Call[list[Number | ServiceError]] | OSError]:
    """Do the same for numbers."""
    request = _request("numbers/batch", _query(model))
    return _batches(drawings, request, _sent(constraints), "numbers", number)


def _batches(
    drawings: Iterable[Drawing],
    request: dict[str, Any],
    more: dict[str, Any],
    results: str,
    convert: Callable[[Any], T],
) -> Iterator[Call[list[T | ServiceError]] | OSError]:
    """Yield the calls.

    more     fields of each body besides the drawings
    results  the field of the response
    convert  makes an item of it a result
    """
    if isinstance(drawings, (str, os.PathLike, bytes, bytearray)):
        raise TypeError("this takes a list of drawings, not a single one")
    batch: list[dict[str, Any]] = []
    size = 0

    def call() -> Call[list[T | ServiceError]]:
        content = {"content": to_json({"drawings": batch} | more), "headers": JSON}
        return Call(request | content, lambda body: [result_of(convert, x) for x in body[results]])

    for drawing in drawings:
        item: dict[str, Any] | OSError
        try:
            item = as_object(drawing)
        except OSError as error:
            item = error
        length = len(item.get("image", "")) if isinstance(item, dict) else 0
        is_full = len(batch) == BATCH_DRAWINGS or size + length > BATCH_BYTES
        if batch and (
            is_full or isinstance(item, OSError)
        ):  # an error comes after the results before it
            yield call()
            batch, size = [], 0
        if isinstance(item, OSError):
            yield item
        else:
            batch.append(item)
            size += length
    if batch:
        yield call()


def _request(path: str, query: dict[str, str]) -> dict[str, Any]:
    return {"method": "POST", "url": f"api/v1/{path}", "params": query}


def _query(model: str | None, seen: bool | None = None) -> dict[str, str]:
    shown = {} if seen is None else {"seen": "true" if seen else "false"}
    return shown | ({"model": model} if model else {})


def _sent(constraints: Constraints) -> dict[str, Any]:
    """Return the constraints that there are; choices may be any iterable."""
    if isinstance(constraints.get("choices"), str):
        raise TypeError("choices is a list of texts, not a single one")
    given = {name: value for name, value in constraints.items() if value is not None}
    return given | ({"choices": list(given["choices"])} if "choices" in given else {})


def unreachable(error: httpx.HTTPError) -> ServiceError:
    """Make the error for a service that does not respond."""
    return ServiceError(f"The service cannot be reached: {error}", None, None)
