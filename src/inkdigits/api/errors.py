"""One format for every error: problem details (RFC 9457) with the request id."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    TooManyRequests,
)

from inkdigits.api.headers import request_id
from inkdigits.api.schemas import Problem
from inkdigits.imaging.errors import ImageError, ImageTooLarge, UnsupportedImage
from inkdigits.numbers import ConstraintError

PROBLEM_TYPE = "application/problem+json"
# Any other ImageError becomes a 400.
_IMAGE_STATUS = {
    ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def problem(status: HTTPStatus, detail: str, request_id: str) -> Problem:
    """Build the problem details; `detail` is one sentence: the cause, and what to do."""
    return Problem(
        type="about:blank",
        title=status.phrase,
        status=status.value,
        detail=detail,
        request_id=request_id,
    )


def problem_json(status: HTTPStatus, detail: str, request_id: str) -> bytes:
    """Serialize the problem details, for a body of type PROBLEM_TYPE."""
    return b'%s%s"}' % (_problem_prefix(status, detail), request_id.encode())


@lru_cache(maxsize=64)
def _problem_prefix(status: HTTPStatus, detail: str) -> bytes:
    # The id comes last. Under overload everything before it repeats thousands of times a second.
    return problem(status, detail, "").model_dump_json().encode().removesuffix(b'"}')


def problem_response(status: HTTPStatus, detail: str, headers: Any = None) -> Response:
    """Respond to the current request with problem details."""
    body = problem_json(status, detail, request_id())
    return Response(body, status, headers, content_type=PROBLEM_TYPE)


def status_and_detail(
    error: ImageError | ConstraintError | HTTPException,
) -> tuple[HTTPStatus, str]:
    """Return the HTTP status of an error and the sentence that explains it."""
    if isinstance(error, ConstraintError):
        return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
    if isinstance(error, ImageError):
        return _IMAGE_STATUS.get(type(error), HTTPStatus.BAD_REQUEST), str(error)
    return HTTPStatus(error.code or 500), error.description or ""


def register_error_handlers(app: Flask) -> None:
    """Make the application respond to each error with problem details."""
    # These replace Werkzeug's default descriptions.
    max_bytes = app.config["MAX_CONTENT_LENGTH"]
    details: dict[type[HTTPException], str] = {
        NotFound: "There is no resource at this URL; GET /openapi.json lists those that exist.",
        MethodNotAllowed: "This method is not allowed here; see the Allow header.",
        RequestEntityTooLarge: f"The body is larger than {max_bytes:,} bytes; send a smaller "
        "image.",
        InternalServerError: "The server failed to handle this request; its log says why.",
    }

    @app.errorhandler(ImageError)
    @app.errorhandler(ConstraintError)
    @app.errorhandler(HTTPException)
    def error_response(error: ImageError | ConstraintError | HTTPException) -> Response:
        status, detail = status_and_detail(error)
        if isinstance(error, TooManyRequests):
            detail = "Too many requests; wait as long as the Retry-After header says."
        elif isinstance(error, HTTPException) and detail == type(error).description:
            detail = details.get(type(error), detail)
        # Allow, for example.
        headers = error.get_headers() if isinstance(error, HTTPException) else None
        return problem_response(status, detail, headers)
