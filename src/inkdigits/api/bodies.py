"""Bodies of requests to recognize something: JSON, an image file, or a form with an image file."""

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from io import BytesIO
from typing import Any, TypeVar

from flask import Response, request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)
from werkzeug.formparser import FormDataParser

from inkdigits.api.errors import problem, status_and_detail
from inkdigits.api.headers import request_id
from inkdigits.api.parsing import declares_image, parse_json_object, read_body
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.schemas import Problem, StrictModel
from inkdigits.api.settings import Settings
from inkdigits.imaging.errors import ImageError
from inkdigits.recognizer import Recognizer

MAX_FORM_PARTS = 10  # parsed before a form is rejected
# Limit on what precedes the content of a part. Werkzeug searches all of it again after every
# 64 KiB, so the time for an endless header would grow with the square of its length.
MAX_FORM_HEADER_BYTES = 2**18
_WRONG_PARTS = UnprocessableEntity(
    'The form must have exactly one part: an image file named "image" or "file".'
)
_FILE_NAMES = ("image", "file")  # of that part; the second is what many programs send
_OUT_OF_TIME = "The batch reached its time limit before this drawing; send a smaller batch."

T = TypeVar("T")


def read_json() -> dict[str, Any]:
    """Read a body that must be a JSON object.

    raises   UnsupportedMediaType; RequestEntityTooLarge; and as `parse_json_object`
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            "The body must be JSON; send the header Content-Type: application/json."
        )
    return parse_json_object(read_body())


def read_drawing() -> dict[str, Any] | bytes:
    """Read the body with one drawing.

    returns  the fields of a JSON object, or the content of an image file
    raises   UnsupportedMediaType; RequestEntityTooLarge; BadRequest or UnprocessableEntity for
             invalid JSON or another form
    """
    if request.mimetype == "application/json":
        return parse_json_object(read_body())
    if request.mimetype == "multipart/form-data":
        return _parse_form()
    if declares_image(request.mimetype):
        return read_body()
    raise UnsupportedMediaType(
        "The body must be JSON (application/json), an image file (such as image/png), or "
        "a form with one (multipart/form-data); set the Content-Type header to its type."
    )


def choose_model(registry: ModelRegistry, name: str | None) -> Recognizer:
    """Return the model that the query names, or the default.

    raises   UnprocessableEntity if there is none of this name
    """
    recognizer = registry.get(registry.default_name if name is None else name)
    if recognizer is None:
        raise UnprocessableEntity(
            "There is no model with this name; GET /api/v1/models lists all models."
        )
    return recognizer


def recognize_batch(
    drawings: list[Any], settings: Settings, recognize: Callable[[Any], T]
) -> Iterator[T | Problem]:
    """Recognize each drawing of a batch, within its time limit.

    recognize  recognizes one drawing, or raises ImageError or HTTPException
    returns    for each drawing the result, or the problem because of which there is none
    raises     UnprocessableEntity for too many drawings; BadRequest if the client disconnects
    """
    if len(drawings) > settings.batch_limit:
        raise UnprocessableEntity(
            f"The batch has {len(drawings):,} drawings, and at most "
            f"{settings.batch_limit:,} are allowed; send several batches."
        )
    stop_at = time.monotonic() + settings.batch_timeout_s
    for drawing in drawings:
        if request.environ.get("inkdigits.client_disconnected", bool)():
            raise BadRequest("The connection was closed before the response.")
        if time.monotonic() >= stop_at:
            yield problem(HTTPStatus.SERVICE_UNAVAILABLE, _OUT_OF_TIME, request_id())
            continue
        try:
            yield recognize(drawing)
        except (ImageError, HTTPException) as error:
            yield problem(*status_and_detail(error), request_id())


def json_response(response: StrictModel) -> Response:
    """Make the response of a schema."""
    return Response(response.model_dump_json(), content_type="application/json")


def _parse_form() -> bytes:
    """Extract the image file from a form.

    raises   BadRequest if the body is not a form, UnprocessableEntity if it contains anything else
    """
    body = read_body()
    parser = FormDataParser(
        stream_factory=_in_memory,
        max_form_parts=MAX_FORM_PARTS,
        max_form_memory_size=MAX_FORM_HEADER_BYTES,
        silent=False,
    )
    try:
        _, fields, files = parser.parse(
            BytesIO(body), request.mimetype, len(body), request.mimetype_params
        )
    except ValueError:
        raise BadRequest(
            "The body is not a valid multipart form; let your HTTP client write the form and its "
            "Content-Type header."
        ) from None
    except RequestEntityTooLarge:  # too many parts, or a field that is too long
        raise _WRONG_PARTS from None
    parts = [*fields.items(multi=True), *files.items(multi=True)]
    if len(parts) != 1 or not files or parts[0][0] not in _FILE_NAMES:
        raise _WRONG_PARTS
    return files[parts[0][0]].read()


def _in_memory(*_: object, **__: object) -> BytesIO:
    """Keep a file in memory, where the body already is; a temporary file would need closing."""
    return BytesIO()
