"""Numbers: several digits side by side, in one drawing or in a batch."""

import re
import time
from typing import Any

from flask import Blueprint, Response, request
from pydantic import TypeAdapter
from werkzeug.exceptions import UnprocessableEntity

from inkdigits.api import number_schemas
from inkdigits.api.bodies import (
    choose_model,
    json_response,
    read_drawing,
    read_json,
    recognize_batch,
)
from inkdigits.api.drawings import render_strokes
from inkdigits.api.headers import require_accepts_json, require_uncompressed_body
from inkdigits.api.number_schemas import BATCH_DRAWING, NUMBER, NumberBatch, NumberConstraints
from inkdigits.api.parsing import decode_image
from inkdigits.api.profile_access import Chosen, ProfileAccess
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.schemas import ImageDrawing, ModelName, StrokesDrawing
from inkdigits.api.settings import Settings
from inkdigits.api.validation import parse_query, validate
from inkdigits.constants import DIGITS
from inkdigits.imaging.stroke_canvas import Canvas
from inkdigits.numbers import (
    Constraints,
    recognize_constrained,
    recognize_number_in_ink,
)
from inkdigits.recognizer import Recognizer

# For strokes: digits of about this height, and room for twenty of them.
CANVAS = Canvas(width_px=1600, height_px=120)

_CONSTRAINTS = TypeAdapter(NumberConstraints)
_BATCH = TypeAdapter(NumberBatch)

Box = tuple[int, int, int, int]  # left, top, width and height


def create_blueprint(
    registry: ModelRegistry, settings: Settings, access: ProfileAccess
) -> Blueprint:
    """Create the routes that recognize numbers."""
    bp = Blueprint("numbers", __name__)
    bp.before_request(require_accepts_json)
    bp.before_request(require_uncompressed_body)

    @bp.post("/api/v1/numbers")
    def recognize_one() -> Response:
        base, query = _options(registry)
        body = read_drawing()
        if isinstance(body, bytes):
            constraints = _constraints(validate(_CONSTRAINTS, query))
            return json_response(_recognize(access.choose(base), body, constraints))
        fields = validate(NUMBER, _merge(query, body))
        constraints = _constraints(fields)
        return json_response(_recognize(access.choose(base), fields, constraints))

    @bp.post("/api/v1/numbers/batch")
    def recognize_several() -> Response:
        base, query = _options(registry)
        batch = validate(_BATCH, _merge(query, read_json()))
        constraints = _constraints(batch)
        chosen = access.choose(base)
        results = recognize_batch(
            batch.drawings,
            settings,
            lambda item: _recognize(chosen, validate(BATCH_DRAWING, item), constraints),
        )
        return json_response(number_schemas.Numbers(numbers=list(results)))

    return bp


def _options(registry: ModelRegistry) -> tuple[Recognizer, dict[str, Any]]:
    """Parse the query: the model to use, and constraints as in a JSON body.

    raises   UnprocessableEntity, also if the classes of the model are not the digits
    """
    query: dict[str, Any] = parse_query("model", *NumberConstraints.model_fields)
    recognizer = choose_model(registry, query.pop("model", None))
    if recognizer.model.classes != DIGITS:
        raise UnprocessableEntity(
            "The classes of this model are not the digits; GET /api/v1/models lists all models."
        )
    if re.fullmatch("[0-9]{1,4}", query.get("length", "")):
        query["length"] = int(query["length"])
    if "choices" in query:
        query["choices"] = query["choices"].split(",")
    return recognizer, query


def _merge(query: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Add the constraints in the query to the fields of a JSON body."""
    for name in query.keys() & fields:
        raise UnprocessableEntity(
            f'The constraint "{name}" is both in the query and in the body; send it once.'
        )
    return fields | query


def _constraints(fields: NumberConstraints) -> Constraints:
    """Convert and check constraints; raises ConstraintError."""
    choices = None if fields.choices is None else tuple(fields.choices)
    return Constraints(fields.length, fields.pattern, choices, fields.checksum)


def _recognize(
    chosen: Chosen, drawing: ImageDrawing | StrokesDrawing | bytes, constraints: Constraints
) -> number_schemas.Number:
    """Recognize a number, and build the response.

    chosen   the model, and the profile that it is fitted to
    drawing  fields of a JSON body, or the content of an image file
    """
    recognizer = chosen.recognizer
    start = time.perf_counter()
    scale, corner = 1.0, (0.0, 0.0)
    if isinstance(drawing, StrokesDrawing):
        rendering = render_strokes(drawing.strokes, CANVAS)
        prediction = recognize_number_in_ink(rendering.ink, recognizer, constraints)
        scale, corner = rendering.scale, tuple(rendering.corner.tolist())
    else:
        file = drawing if isinstance(drawing, bytes) else decode_image(drawing.image)
        prediction = recognize_constrained(file, recognizer, constraints)
    duration_ms = 1000 * (time.perf_counter() - start)
    # The server counts numbers by model and outcome.
    outcome = prediction.reason or "recognized"
    request.environ.setdefault("inkdigits.numbers", []).append((recognizer.name, outcome))

    def box(pixels: Box | None) -> list[float] | None:
        """Convert a box to the unit of the drawing."""
        if pixels is None:
            return None
        left, top, width, height = (length / scale for length in pixels)
        return [left + corner[0], top + corner[1], width, height]

    return number_schemas.Number(
        text=prediction.text,
        reason=prediction.reason,
        confidence=prediction.confidence,
        written=prediction.written,
        digits=[
            number_schemas.NumberDigit(
                box=box(digit.box), digit=digit.digit, probabilities=list(digit.probabilities)
            )
            for digit in prediction.digits
        ],
        separators=[
            number_schemas.Separator.model_validate(
                {"symbol": sign.symbol, "box": box(sign.box), "position": sign.position}
            )
            for sign in prediction.separators
        ],
        candidates=[
            number_schemas.NumberCandidate(text=each.text, probability=each.probability)
            for each in prediction.candidates
        ],
        model=ModelName(name=recognizer.name, digest=recognizer.digest),
        profile=chosen.profile,
        duration_ms=duration_ms,
    )
