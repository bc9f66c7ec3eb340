"""Explanations: how the prediction for one drawing came about."""

import time
from functools import partial

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnprocessableEntity

from inkdigits.api.bodies import choose_model, json_response, read_json
from inkdigits.api.drawings import content_of
from inkdigits.api.explanation_schemas import (
    EXPLANATION,
    ImageExplanation,
    PixelsExplanation,
    StrokesExplanation,
    to_response,
)
from inkdigits.api.headers import require_accepts_json, require_uncompressed_body
from inkdigits.api.profile_access import ProfileAccess
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.validation import parse_query, validate
from inkdigits.explain import Explanation, Unit, explain, explain_ink
from inkdigits.explain.as_json import explanation_json
from inkdigits.explain.limits import ExplanationError, check_choice, check_cost
from inkdigits.recognizer import Recognizer


def create_blueprint(registry: ModelRegistry, access: ProfileAccess) -> Blueprint:
    """Create the route that explains predictions."""
    bp = Blueprint("explanations", __name__)
    bp.before_request(require_accepts_json)
    bp.before_request(require_uncompressed_body)

    @bp.post("/api/v1/explanations")
    def explain_one() -> Response:
        base = choose_model(registry, parse_query("model").get("model"))
        drawing = validate(EXPLANATION, read_json())
        recognizer, profile = access.choose(base)
        start = time.perf_counter()
        try:
            explanation = _explain(recognizer, drawing)
        except ExplanationError as error:
            raise UnprocessableEntity(str(error)) from None
        duration_ms = 1000 * (time.perf_counter() - start)
        # The server counts explanations by model.
        request.environ["inkdigits.explanations"] = [recognizer.name]
        more = {"profile": profile, "duration_ms": duration_ms}
        content = explanation_json(explanation) | more
        return json_response(to_response(content))

    return bp


def _explain(
    recognizer: Recognizer, drawing: ImageExplanation | StrokesExplanation | PixelsExplanation
) -> Explanation:
    """Explain a drawing of any kind.

    raises   ExplanationError for a target or a unit that the model lacks, and for parts that would
             take too long; and as `drawings.recognize`
    """
    unit = None if drawing.unit is None else Unit(drawing.unit.layer, tuple(drawing.unit.index))
    check_choice(recognizer, drawing.target, unit)
    check_cost(recognizer.model.network, drawing.parts)
    content = content_of(drawing)
    make = (
        partial(explain, content) if isinstance(content, bytes) else partial(explain_ink, content)
    )
    return make(
        recognizer,
        parts=drawing.parts,
        target=drawing.target,
        unit=unit,
        preprocess=drawing.preprocess,
    )
