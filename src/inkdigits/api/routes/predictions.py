"""Predictions: in the write-up's format, for one drawing, and for a batch."""

import base64
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from pydantic import TypeAdapter
from werkzeug.exceptions import UnprocessableEntity

from inkdigits.api import drawings, schemas
from inkdigits.api.bodies import (
    choose_model,
    json_response,
    read_drawing,
    read_json,
    recognize_batch,
)
from inkdigits.api.headers import require_accepts_json, require_uncompressed_body
from inkdigits.api.parsing import parse_image
from inkdigits.api.profile_access import Chosen, ProfileAccess
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.settings import Settings
from inkdigits.api.validation import parse_query, validate
from inkdigits.constants import DIGITS
from inkdigits.numbers import may_be_number
from inkdigits.recognizer import Prediction, Recognizer

_BATCH = TypeAdapter(schemas.Batch)


def create_blueprint(
    registry: ModelRegistry, settings: Settings, access: ProfileAccess
) -> Blueprint:
    """Create the routes that make predictions."""
    bp = Blueprint("predictions", __name__)
    bp.before_request(require_accepts_json)
    bp.before_request(require_uncompressed_body)

    @bp.post("/predict")
    def predict() -> Response:
        """Respond in the format of the write-up."""
        fields = read_json()
        recognizer = access.choose(registry.default).recognizer
        prediction = _record(recognizer, recognizer.recognize(parse_image(fields)))
        return json_response(
            schemas.WriteUpPrediction(
                predicted_digit=_predicted_digit(prediction),
                probabilities=list(prediction.probabilities),
            )
        )

    @bp.post("/api/v1/predictions")
    def predict_one() -> Response:
        base, seen = _options(registry)
        drawing = read_drawing()
        chosen = access.choose(base)
        if isinstance(drawing, bytes):
            return json_response(
                _predict(chosen, seen, lambda: chosen.recognizer.recognize(drawing))
            )
        return json_response(_predict_fields(chosen, seen, drawing))

    @bp.post("/api/v1/predictions/batch")
    def predict_batch() -> Response:
        base, seen = _options(registry)
        batch = validate(_BATCH, read_json())
        chosen = access.choose(base)
        results = recognize_batch(
            batch.drawings, settings, lambda fields: _predict_fields(chosen, seen, fields)
        )
        return json_response(schemas.Predictions(predictions=list(results)))

    return bp


def _options(registry: ModelRegistry) -> tuple[Recognizer, bool]:
    """Parse the query: the model to use, and whether to include the network's input."""
    query = parse_query("model", "seen")
    if query.get("seen", "false") not in ("true", "false"):
        raise UnprocessableEntity('The query parameter "seen" must be true or false.')
    return choose_model(registry, query.get("model")), query.get("seen") == "true"


def _predicted_digit(prediction: Prediction) -> int | str:
    """Return the digit, the name of the class, or "none", in the write-up's only field."""
    if prediction.digit is not None:
        return prediction.digit
    return "none" if prediction.label is None else prediction.label


def _predict_fields(chosen: Chosen, seen: bool, fields: Any) -> schemas.Prediction:
    return _predict(
        chosen,
        seen,
        lambda: drawings.recognize(chosen.recognizer, validate(drawings.DRAWING, fields)),
    )


def _predict(chosen: Chosen, seen: bool, recognize: Callable[[], Prediction]) -> schemas.Prediction:
    """Build the response for one drawing.

    chosen     the model, and the profile that it is fitted to
    seen       whether to include the network's input
    recognize  makes the prediction, and is timed
    """
    recognizer = chosen.recognizer
    start = time.perf_counter()
    prediction = _record(recognizer, recognize())
    duration_ms = 1000 * (time.perf_counter() - start)
    png = base64.b64encode(prediction.seen_png()).decode() if seen else None
    return schemas.Prediction(
        digit=prediction.digit,
        label=prediction.label,
        reason=prediction.reason,
        may_be_number=prediction.reason == "not_a_digit"
        and recognizer.model.classes == DIGITS
        and may_be_number(prediction.seen),
        confidence=prediction.confidence,
        probabilities=list(prediction.probabilities),
        seen=None if png is None else f"data:image/png;base64,{png}",
        model=schemas.ModelName(name=recognizer.name, digest=recognizer.digest),
        profile=chosen.profile,
        duration_ms=duration_ms,
    )


def _record(recognizer: Recognizer, prediction: Prediction) -> Prediction:
    """Pass the prediction to the server, which counts predictions by model and digit."""
    request.environ.setdefault("inkdigits.predictions", []).append((recognizer.name, prediction))
    return prediction
