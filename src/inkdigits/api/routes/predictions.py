"""Predictions: in the write-up's format, for one drawing, and for a batch."""

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
from inkdigits.api.errors import problem, status_and_detail
from inkdigits.api.headers import request_id, require_accepts_json, require_uncompressed_body
from inkdigits.api.parsing import declares_image, parse_image, parse_json_object, read_body
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.settings import Settings
from inkdigits.api.validation import parse_query, validate
from inkdigits.imaging.errors import ImageError
from inkdigits.recognizer import Prediction, Recognizer

MAX_FORM_PARTS = 10  # parsed before a form is rejected
# Limit on what precedes the content of a part. Werkzeug searches all of it again after every
# 64 KiB, so the time for an endless header would grow with the square of its length.
MAX_FORM_HEADER_BYTES = 2**18
_WRONG_PARTS = UnprocessableEntity(
    'The form must have exactly one part: an image file named "image" or "file".'
)
_FILE_NAMES = ("image", "file")  # of that part; the second is what many programs send
_OUT_OF_TIME = "The batch reached its time limit before this drawing; send a smaller batch."
_BATCH = TypeAdapter(schemas.Batch)


def create_blueprint(registry: ModelRegistry, settings: Settings) -> Blueprint:
    """Create the routes that make predictions."""
    bp = Blueprint("predictions", __name__)
    bp.before_request(require_accepts_json)
    bp.before_request(require_uncompressed_body)

    @bp.post("/predict")
    def predict() -> Response:
        """Respond in the format of the write-up."""
        _require_json()
        recognizer = registry.default
        data = parse_image(parse_json_object(read_body()))
        prediction = _record(recognizer, recognizer.recognize(data))
        return _json(
            schemas.WriteUpPrediction(
                predicted_digit=_predicted_digit(prediction),
                probabilities=list(prediction.probabilities),
            )
        )

    @bp.post("/api/v1/predictions")
    def predict_one() -> Response:
        recognizer, seen = _options(registry)
        if request.mimetype == "application/json":
            fields = parse_json_object(read_body())
            return _json(_predict(recognizer, seen, lambda: _recognize(recognizer, fields)))
        if request.mimetype == "multipart/form-data":
            data = _parse_form()
        elif declares_image(request.mimetype):
            data = read_body()
        else:
            raise UnsupportedMediaType(
                "The body must be JSON (application/json), an image file (such as image/png), or "
                "a form with one (multipart/form-data); set the Content-Type header to its type."
            )
        return _json(_predict(recognizer, seen, lambda: recognizer.recognize(data)))

    @bp.post("/api/v1/predictions/batch")
    def predict_batch() -> Response:
        recognizer, seen = _options(registry)
        _require_json()
        batch = validate(_BATCH, parse_json_object(read_body()))
        if len(batch.drawings) > settings.batch_limit:
            raise UnprocessableEntity(
                f"The batch has {len(batch.drawings):,} drawings, and at most "
                f"{settings.batch_limit:,} are allowed; send several batches."
            )
        stop_at = time.monotonic() + settings.batch_timeout_s
        results: list[schemas.Prediction | schemas.Problem] = []
        for fields in batch.drawings:
            if request.environ.get("inkdigits.client_disconnected", bool)():
                raise BadRequest("The connection was closed before the response.")
            results.append(
                _predict_or_problem(recognizer, seen, fields)
                if time.monotonic() < stop_at
                else problem(HTTPStatus.SERVICE_UNAVAILABLE, _OUT_OF_TIME, request_id())
            )
        return _json(schemas.Predictions(predictions=results))

    return bp


def _require_json() -> None:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            "The body must be JSON; send the header Content-Type: application/json."
        )


def _options(registry: ModelRegistry) -> tuple[Recognizer, bool]:
    """Parse the query: the model to use, and whether to include the network's input."""
    query = parse_query("model", "seen")
    if query.get("seen", "false") not in ("true", "false"):
        raise UnprocessableEntity('The query parameter "seen" must be true or false.')
    recognizer = registry.get(query.get("model", registry.default_name))
    if recognizer is None:
        raise UnprocessableEntity(
            "There is no model with this name; GET /api/v1/models lists all models."
        )
    return recognizer, query.get("seen") == "true"


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


def _recognize(recognizer: Recognizer, fields: Any) -> Prediction:
    return drawings.recognize(recognizer, validate(drawings.DRAWING, fields))


def _predicted_digit(prediction: Prediction) -> int | str:
    """Return the digit, the name of the class, or "none", in the write-up's only field."""
    if prediction.digit is not None:
        return prediction.digit
    return "none" if prediction.label is None else prediction.label


def _predict(
    recognizer: Recognizer, seen: bool, recognize: Callable[[], Prediction]
) -> schemas.Prediction:
    """Build the response for one drawing.

    seen       whether to include the network's input
    recognize  makes the prediction, and is timed
    """
    start = time.perf_counter()
    prediction = _record(recognizer, recognize())
    duration_ms = 1000 * (time.perf_counter() - start)
    png = base64.b64encode(prediction.seen_png()).decode() if seen else None
    return schemas.Prediction(
        digit=prediction.digit,
        label=prediction.label,
        reason=prediction.reason,
        confidence=prediction.confidence,
        probabilities=list(prediction.probabilities),
        seen=None if png is None else f"data:image/png;base64,{png}",
        model=schemas.ModelName(name=recognizer.name, digest=recognizer.digest),
        duration_ms=duration_ms,
    )


def _predict_or_problem(
    recognizer: Recognizer, seen: bool, fields: Any
) -> schemas.Prediction | schemas.Problem:
    try:
        return _predict(recognizer, seen, lambda: _recognize(recognizer, fields))
    except (ImageError, HTTPException) as error:
        return problem(*status_and_detail(error), request_id())


def _record(recognizer: Recognizer, prediction: Prediction) -> Prediction:
    """Pass the prediction to the server, which counts predictions by model and digit."""
    request.environ.setdefault("inkdigits.predictions", []).append((recognizer.name, prediction))
    return prediction


def _json(response: schemas.StrictModel) -> Response:
    return Response(response.model_dump_json(), content_type="application/json")
