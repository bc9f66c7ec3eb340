"""The routes that read drawings: one a request, or several."""

import base64
import time
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request
from pydantic import TypeAdapter
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)
from werkzeug.formparser import FormDataParser

from inkdigits.api import drawings, schemas
from inkdigits.api.errors import problem, refusal
from inkdigits.api.headers import request_id, require_json_accepted, require_plain_body
from inkdigits.api.parsing import parse_image, parse_object, read_body
from inkdigits.api.registry import Shelf
from inkdigits.api.settings import Settings
from inkdigits.api.validation import query, validated
from inkdigits.recognizer import ImageError, Prediction, Recognizer

# Of a body that is a picture's file; the last says nothing of its format.
IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/bmp",
    "application/octet-stream",
)

MOST_FORM_PARTS = 10  # that are looked at before a form is refused
# That may come before a part's content. Werkzeug searches all of it anew with each 64 KiB that
# arrive, so an endless header would take a time that grows with the square of the body.
MAX_FORM_HEADER_BYTES = 2**18
_WRONG_PARTS = UnprocessableEntity(
    'The form must have exactly one part, a file named "image": a picture\'s file.'
)
_NO_TIME_LEFT = (
    "The time for one batch was up before this drawing; send it again in a smaller batch."
)
_BATCH = TypeAdapter(schemas.Batch)


def predictions(shelf: Shelf, settings: Settings) -> Blueprint:
    """Create the routes that read with the models of `shelf`."""
    routes = Blueprint("predictions", __name__)
    routes.before_request(require_json_accepted)
    routes.before_request(require_plain_body)

    @routes.post("/predict")
    def predict() -> Response:
        """Answer as the write-up has it."""
        _require_json()
        recognizer = shelf.get()
        assert recognizer is not None  # the default is always there
        data, media_type = parse_image(parse_object(read_body()))
        prediction = _counted(recognizer, recognizer.recognize(data, media_type))
        return _json(
            schemas.WriteUpPrediction(
                predicted_digit="none" if prediction.digit is None else prediction.digit,
                probabilities=list(prediction.probabilities),
            )
        )

    @routes.post("/api/v1/predictions")
    def predict_one() -> Response:
        recognizer, seen = _asked(shelf)
        if request.mimetype == "application/json":
            fields = parse_object(read_body())
            return _json(_answer(recognizer, seen, lambda: _read(recognizer, fields)))
        if request.mimetype == "multipart/form-data":
            data, media_type = _file_of_form()
        elif request.mimetype in IMAGE_TYPES:
            data, media_type = read_body(), request.mimetype
        else:
            raise UnsupportedMediaType(
                "The body must be JSON (application/json), a picture's file (PNG, JPEG, WebP, GIF "
                "or BMP, such as image/png), or a form with one (multipart/form-data); say which "
                "in the header Content-Type."
            )
        return _json(_answer(recognizer, seen, lambda: recognizer.recognize(data, media_type)))

    @routes.post("/api/v1/predictions/batch")
    def predict_several() -> Response:
        recognizer, seen = _asked(shelf)
        _require_json()
        batch = validated(_BATCH, parse_object(read_body()))
        if len(batch.drawings) > settings.batch_limit:
            raise UnprocessableEntity(
                f"The batch has {len(batch.drawings):,} drawings, more than the "
                f"{settings.batch_limit:,} that are allowed; send several batches."
            )
        stop_at = time.monotonic() + settings.request_timeout_s
        answers: list[schemas.Prediction | schemas.Problem] = []
        for fields in batch.drawings:
            if request.environ.get("inkdigits.client_left", bool)():
                raise BadRequest("The connection was closed; keep it open until the answer comes.")
            answers.append(
                _answer_or_problem(recognizer, seen, fields)
                if time.monotonic() < stop_at
                else problem(HTTPStatus.SERVICE_UNAVAILABLE, _NO_TIME_LEFT, request_id())
            )
        return _json(schemas.Predictions(predictions=answers))

    return routes


def _require_json() -> None:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            "The body must be JSON; send the header Content-Type: application/json."
        )


def _asked(shelf: Shelf) -> tuple[Recognizer, bool]:
    """Give what the query asks for: a model, and whether to show what it saw."""
    asked = query("model", "seen")
    if asked.get("seen", "false") not in ("true", "false"):
        raise UnprocessableEntity('The query parameter "seen" must be true or false.')
    recognizer = shelf.get(asked.get("model"))
    if recognizer is None:
        raise UnprocessableEntity(
            "No model of this name is in service; GET /api/v1/models says which are."
        )
    return recognizer, asked.get("seen") == "true"


def _file_of_form() -> tuple[bytes, str]:
    """Take the one file out of a form.

    returns  its bytes, and the media type that the form gives it, if any
    raises   BadRequest if the body is no form, UnprocessableEntity if it holds anything else
    """
    body = read_body()
    parser = FormDataParser(
        stream_factory=_in_memory,
        max_form_parts=MOST_FORM_PARTS,
        max_form_memory_size=MAX_FORM_HEADER_BYTES,
        silent=False,
    )
    try:
        _, fields, files = parser.parse(
            BytesIO(body), request.mimetype, len(body), request.mimetype_params
        )
    except ValueError:
        raise BadRequest(
            "The body is no multipart form; let the program that sends it make its Content-Type."
        ) from None
    except RequestEntityTooLarge:  # in parts, or in what is no file
        raise _WRONG_PARTS from None
    if len([*fields.items(multi=True), *files.items(multi=True)]) != 1 or "image" not in files:
        raise _WRONG_PARTS
    file = files["image"]
    return file.read(), file.mimetype


def _in_memory(*_: object, **__: object) -> BytesIO:
    """Keep a part where the body is already; a temporary file would have to be closed."""
    return BytesIO()


def _read(recognizer: Recognizer, fields: Any) -> Prediction:
    return drawings.recognize(recognizer, validated(drawings.DRAWING, fields))


def _answer(
    recognizer: Recognizer, seen: bool, read: Callable[[], Prediction]
) -> schemas.Prediction:
    """Say what is read in a drawing.

    seen  whether to show what the network looked at
    read  reads the drawing; what it takes is the answer's duration
    """
    start = time.perf_counter()
    prediction = _counted(recognizer, read())
    duration_ms = 1000 * (time.perf_counter() - start)
    png = base64.b64encode(prediction.seen_png()).decode() if seen else None
    return schemas.Prediction(
        digit=prediction.digit,
        reason=prediction.reason,
        confidence=prediction.confidence,
        probabilities=list(prediction.probabilities),
        seen=None if png is None else f"data:image/png;base64,{png}",
        model=schemas.ModelName(name=recognizer.name, digest=recognizer.digest),
        duration_ms=duration_ms,
    )


def _answer_or_problem(
    recognizer: Recognizer, seen: bool, fields: Any
) -> schemas.Prediction | schemas.Problem:
    try:
        return _answer(recognizer, seen, lambda: _read(recognizer, fields))
    except (ImageError, HTTPException) as error:
        return problem(*refusal(error), request_id())


def _counted(recognizer: Recognizer, prediction: Prediction) -> Prediction:
    """Leave the prediction to the server in front, which counts them by model and digit."""
    request.environ.setdefault("inkdigits.predictions", []).append((recognizer.name, prediction))
    return prediction


def _json(answer: schemas.Wire) -> Response:
    return Response(answer.model_dump_json(), content_type="application/json")
