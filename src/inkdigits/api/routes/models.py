"""The routes that say what there is: the service, and its models."""

from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from inkdigits.api import schemas
from inkdigits.api.headers import require_json_accepted
from inkdigits.api.registry import Shelf
from inkdigits.api.routes import frontend
from inkdigits.api.validation import query
from inkdigits.recognizer import Recognizer
from inkdigits.version import __version__


def catalogue(shelf: Shelf) -> Blueprint:
    """Create the routes that describe the models of `shelf`."""
    routes = Blueprint("catalogue", __name__)

    @routes.get("/")
    def describe() -> dict[str, Any] | Response:
        if frontend.is_wanted():
            return frontend.index()
        require_json_accepted()
        recognizer = shelf.get()
        assert recognizer is not None  # the default is always there
        return {
            "name": "inkdigits",
            "version": __version__,
            "model": {"name": recognizer.name, "digest": recognizer.digest},
            "use": {
                "POST /predict": {
                    "send": {"image": "<a picture of a digit: its file in base64, or a data URL>"},
                    "receive": {
                        "predicted_digit": '<0 to 9, or "none" if there is no digit>',
                        "probabilities": "<ten numbers, one a digit>",
                    },
                }
            },
            "more": {"GET /docs": "for people", "GET /openapi.json": "for programs"},
        }

    @routes.get("/api/v1/models")
    def models() -> Response:
        require_json_accepted()
        query()
        answer = schemas.Models(default=shelf.default, models=[_model(model) for model in shelf])
        return Response(answer.model_dump_json(), content_type="application/json")

    @routes.get("/api/v1/models/<name>")
    def model(name: str) -> Response:
        require_json_accepted()
        query()
        recognizer = shelf.get(name)
        if recognizer is None:
            raise NotFound(
                "No model of this name is in service; GET /api/v1/models says which are."
            )
        return Response(_model(recognizer).model_dump_json(), content_type="application/json")

    return routes


def _model(recognizer: Recognizer) -> schemas.Model:
    model = recognizer.model
    return schemas.Model(
        name=recognizer.name,
        digest=recognizer.digest,
        recipe=model.recipe,
        summary=model.summary,
        preprocessing=model.preprocessing,
        parameters=model.vector.size,
        size_bytes=model.vector.nbytes,
        refuses=recognizer.rejection_threshold is not None,
        metrics=model.metrics,
        training=model.training,
    )
