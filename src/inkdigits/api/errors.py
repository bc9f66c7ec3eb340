"""One form for every error: problem details, RFC 9457, with the id of the request."""

from functools import lru_cache
from http import HTTPStatus

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
from inkdigits.recognizer import ImageError, ImageTooLarge, UnsupportedImage

_IMAGE_ERRORS = {
    ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def problem(status: HTTPStatus, detail: str, request_id: str) -> Problem:
    """Say what is wrong: the status's name, and a sentence with the cause and what to do."""
    return Problem(
        type="about:blank",
        title=status.phrase,
        status=status.value,
        detail=detail,
        request_id=request_id,
    )


def problem_body(status: HTTPStatus, detail: str, request_id: str) -> bytes:
    """Say what is wrong in JSON, the body of an answer of the type application/problem+json."""
    return b'%s%s"}' % (_problem_before_id(status, detail), request_id.encode())


@lru_cache(maxsize=64)
def _problem_before_id(status: HTTPStatus, detail: str) -> bytes:
    # The id comes last; under overload, all else is the same thousands of times a second.
    return problem(status, detail, "").model_dump_json().encode().removesuffix(b'"}')


def refusal(error: ImageError | HTTPException) -> tuple[HTTPStatus, str]:
    """Give the status of an error and the sentence that explains it."""
    if isinstance(error, ImageError):
        return _IMAGE_ERRORS.get(type(error), HTTPStatus.BAD_REQUEST), str(error)
    return HTTPStatus(error.code or 500), error.description or ""


def refuse(app: Flask) -> None:
    """Let the application answer each error with a problem."""
    # Instead of Werkzeug's own words for the errors that Flask raises by itself.
    most = app.config["MAX_CONTENT_LENGTH"]
    details: dict[type[HTTPException], str] = {
        NotFound: "Nothing is served at this address; GET / says what is.",
        MethodNotAllowed: "This address takes other methods; see the Allow header.",
        RequestEntityTooLarge: f"The body is larger than {most:,} bytes; send a smaller picture.",
        InternalServerError: "The service failed at this request; its log says why.",
    }

    @app.errorhandler(ImageError)
    @app.errorhandler(HTTPException)
    def answer(error: ImageError | HTTPException) -> Response:
        status, detail = refusal(error)
        if isinstance(error, TooManyRequests):
            detail = "There were too many requests; wait as the Retry-After header says."
        elif isinstance(error, HTTPException) and detail == type(error).description:
            detail = details.get(type(error), detail)
        return Response(
            problem_body(status, detail, request_id()),
            status,
            # Such as Allow.
            error.get_headers() if isinstance(error, HTTPException) else None,
            content_type="application/problem+json",
        )
