"""A small client of the service: Client("http://127.0.0.1:5000").predict("digit.png").digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

import httpx


class Stroke(TypedDict):
    """What a round pen draws without being lifted: points (x, y), y downwards, in any unit."""

    points: Sequence[Sequence[float]]
    width: float


@dataclass(frozen=True)
class Prediction:
    """What the service answers; docs/api.md describes each field."""

    digit: int | None
    reason: str | None
    confidence: float
    probabilities: list[float]
    seen: str | None
    model: dict[str, str]
    duration_ms: float


class ServiceError(Exception):
    """The service refused a request, failed at it, or was not reached; the message says why.

    status      of the answer; None if there was none
    request_id  by which the service's log knows the request; None if there is none
    """

    def __init__(self, detail: str, status: int | None, request_id: str | None) -> None:
        super().__init__(detail)
        self.status = status
        self.request_id = request_id


class Client:
    """Talks to one service; it keeps its connection, so use it in a `with`, or close it."""

    def __init__(self, base_url: str, timeout_s: float = 30) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout_s)

    def predict(
        self,
        drawing: str | Path | bytes | Sequence[Stroke],
        model: str | None = None,
        seen: bool = False,
    ) -> Prediction:
        """Read one drawing.

        drawing  the path of a picture, the bytes of its file, or pen strokes
        model    the name of the model that is to read; the service's default if None
        seen     whether to be shown what the network looked at
        raises   ServiceError; OSError if the file cannot be read
        """
        query = {"seen": "true" if seen else "false"} | ({"model": model} if model else {})
        body: dict[str, Any]
        if isinstance(drawing, (str, Path, bytes)):
            data = drawing if isinstance(drawing, bytes) else Path(drawing).read_bytes()
            body = {"content": data, "headers": {"Content-Type": "application/octet-stream"}}
        else:
            body = {"json": {"strokes": drawing}}
        return Prediction(**self._json("POST", "api/v1/predictions", params=query, **body))

    def models(self) -> list[dict[str, Any]]:
        """Describe the models in service; raises ServiceError."""
        models: list[dict[str, Any]] = self._json("GET", "api/v1/models")["models"]
        return models

    def _json(self, method: str, path: str, **request: Any) -> Any:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ServiceError(f"The service was not reached: {error}", None, None) from error
        request_id = answer.headers.get("X-Request-ID")
        if answer.is_success:
            return answer.json()
        detail = answer.reason_phrase  # of what stands in between, such as a proxy
        if answer.headers.get("Content-Type") == "application/problem+json":
            detail = answer.json()["detail"]
        raise ServiceError(detail, answer.status_code, request_id)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
