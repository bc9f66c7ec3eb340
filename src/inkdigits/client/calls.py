"""The calls of the service as data: a request, and how to interpret its response."""

import base64
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, NotRequired, TypeAlias, TypedDict, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray

from inkdigits.constants import IMAGE_SIDE
from inkdigits.imaging.inputs import to_gray_levels

BATCH_DRAWINGS = 32  # in one request: what the service accepts by default
BATCH_BYTES = 16 << 20  # of image files in base64 in one request; the service accepts 21 MiB
JSON = {"Content-Type": "application/json"}

T = TypeVar("T")


class Stroke(TypedDict):
    """The path of a round pen: points (x, y) in any unit; the y axis points down."""

    points: Sequence[Sequence[float]] | NDArray[Any]
    width: NotRequired[float]


Drawing: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | Sequence[Stroke]
    | Sequence[Sequence[float]]
    | NDArray[Any]
)


@dataclass(frozen=True)
class Prediction:
    """A prediction by the service; docs/api.md describes each field."""

    digit: int | None
    label: str | None
    reason: str | None
    confidence: float
    probabilities: list[float]
    seen: bytes | None  # a PNG file, if requested
    model: dict[str, str]
    duration_ms: float


class ServiceError(Exception):
    """The service rejected a request, failed, or could not be reached; the message says why.

    status      of the response; None if there was none
    request_id  to find the request in the service's log; None if there was no response
    """

    def __init__(self, detail: str, status: int | None, request_id: str | None) -> None:
        super().__init__(detail)
        self.status = status
        self.request_id = request_id


Result: TypeAlias = Prediction | ServiceError | OSError


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, as the arguments of httpx, and the function that makes its JSON the result."""

    request: dict[str, Any]
    convert: Callable[[Any], T]

    def interpret(self, response: httpx.Response) -> T:
        """Return the result; raise ServiceError for an error response."""
        request_id = response.headers.get("X-Request-ID")
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
    """Make the call for one drawing; the arguments and errors are those of `Client.predict`."""
    data = _file(drawing)
    request = _request("", model, seen)
    if data is None:
        request |= {"content": _json(_fields(drawing)), "headers": JSON}
    else:
        request |= {"content": data, "headers": {"Content-Type": "application/octet-stream"}}
    return Call(request, _prediction)


def batches(
    drawings: Iterable[Drawing], model: str | None, seen: bool
) -> Iterator[Call[list[Result]] | OSError]:
    """Yield a call for some drawings at a time, and the error for a file that cannot be read."""
    if isinstance(drawings, (str, os.PathLike, bytes, bytearray)):
        raise TypeError("predict_many takes a list of drawings; give a single one to predict")
    batch: list[dict[str, Any]] = []
    size = 0

    def call() -> Call[list[Result]]:
        request = _request("/batch", model, seen)
        request |= {"content": _json({"drawings": batch}), "headers": JSON}
        return Call(request, lambda content: [_result(item) for item in content["predictions"]])

    for drawing in drawings:
        item: dict[str, Any] | OSError
        try:
            data = _file(drawing)
            item = _fields(drawing) if data is None else {"image": base64.b64encode(data).decode()}
        except OSError as error:
            item = error
        length = len(item.get("image", "")) if isinstance(item, dict) else BATCH_BYTES
        if batch and (len(batch) == BATCH_DRAWINGS or size + length > BATCH_BYTES):
            yield call()
            batch, size = [], 0
        if isinstance(item, OSError):
            yield item
        else:
            batch.append(item)
            size += length
    if batch:
        yield call()


def _request(path: str, model: str | None, seen: bool) -> dict[str, Any]:
    query = {"seen": "true" if seen else "false"} | ({"model": model} if model else {})
    return {"method": "POST", "url": f"api/v1/predictions{path}", "params": query}


def _file(drawing: Drawing) -> bytes | None:
    """Return the content of an image file; None if the drawing is not one."""
    if isinstance(drawing, (str, os.PathLike)):
        return Path(drawing).read_bytes()
    return bytes(drawing) if isinstance(drawing, (bytes, bytearray)) else None


def _fields(drawing: Any) -> dict[str, Any]:
    """Return strokes or pixels as an object of the API; raise TypeError for anything else."""
    if isinstance(drawing, np.ndarray):
        if drawing.shape != (IMAGE_SIDE, IMAGE_SIDE):
            raise ValueError(
                f"send an array of shape (28, 28), not {drawing.shape}; other pictures as files"
            )
        return {"pixels": to_gray_levels(drawing)}
    if isinstance(drawing, Sequence):
        is_strokes = all(isinstance(item, Mapping) for item in drawing)
        return {"strokes" if is_strokes else "pixels": drawing}
    raise TypeError(f"send a path, a file's bytes, strokes or pixels, not {type(drawing).__name__}")


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, default=_from_numpy).encode()


def _from_numpy(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"a drawing cannot contain {type(value).__name__}")


def _result(item: dict[str, Any]) -> Prediction | ServiceError:
    if "detail" in item:
        return ServiceError(item["detail"], item.get("status"), item.get("request_id"))
    return _prediction(item)


def _prediction(content: dict[str, Any]) -> Prediction:
    """Convert a prediction; a newer service may send more fields, an older one fewer."""
    values: dict[str, Any] = {field.name: content.get(field.name) for field in fields(Prediction)}
    if values["seen"]:
        values["seen"] = base64.b64decode(values["seen"].partition(",")[2])
    return Prediction(**values)


def unreachable(error: httpx.HTTPError) -> ServiceError:
    """Make the error for a service that does not respond."""
    return ServiceError(f"The service cannot be reached: {error}", None, None)
