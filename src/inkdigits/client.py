"""A client for the HTTP service: Client("http://127.0.0.1:5000").predict("digit.png").digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

import httpx


class Stroke(TypedDict):
    """The path of a round pen: points (x, y) in any unit; the y axis points down."""

    points: Sequence[Sequence[float]]
    width: float


@dataclass(frozen=True)
class Prediction:
    """A prediction by the service; docs/api.md describes each field."""

    digit: int | None
    label: str | None
    reason: str | None
    confidence: float
    probabilities: list[float]
    seen: str | None
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


class Client:
    """A client of one service; use it in a `with` statement, or close it."""

    def __init__(self, base_url: str, timeout_s: float = 30) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout_s)

    def predict(
        self,
        drawing: str | Path | bytes | Sequence[Stroke],
        model: str | None = None,
        seen: bool = False,
    ) -> Prediction:
        """Recognize the digit in one drawing.

        drawing  the path of an image file, its bytes, or pen strokes
        model    the name of the model to use; None for the service's default
        seen     whether the prediction includes the 28x28 input of the network
        raises   ServiceError; OSError if the file cannot be read; TypeError for anything else
        """
        query = {"seen": "true" if seen else "false"} | ({"model": model} if model else {})
        body: dict[str, Any] = {"json": {"strokes": drawing}}
        if isinstance(drawing, (str, Path, bytes)):
            data = drawing if isinstance(drawing, bytes) else Path(drawing).read_bytes()
            body = {"content": data, "headers": {"Content-Type": "application/octet-stream"}}
        elif not isinstance(drawing, Sequence):
            raise TypeError(f"send a path, a file's bytes or strokes, not {type(drawing).__name__}")
        return Prediction(**self._json("POST", "api/v1/predictions", params=query, **body))

    def models(self) -> list[dict[str, Any]]:
        """Describe the models being served; raises ServiceError."""
        models: list[dict[str, Any]] = self._json("GET", "api/v1/models")["models"]
        return models

    def _json(self, method: str, path: str, **request: Any) -> Any:
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ServiceError(f"The service cannot be reached: {error}", None, None) from error
        request_id = response.headers.get("X-Request-ID")
        if response.is_success:
            return response.json()
        detail = response.reason_phrase  # from a proxy, for example
        if response.headers.get("Content-Type") == "application/problem+json":
            detail = response.json()["detail"]
        raise ServiceError(detail, response.status_code, request_id)

    def close(self) -> None:
        """Close the connections to the service."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
