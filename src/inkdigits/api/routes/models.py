"""Descriptions of the models being served."""

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from inkdigits.api import schemas
from inkdigits.api.headers import require_accepts_json
from inkdigits.api.profile_access import ProfileAccess
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.validation import parse_query
from inkdigits.recognizer import Recognizer


def create_blueprint(registry: ModelRegistry, access: ProfileAccess) -> Blueprint:
    """Create the routes under /api/v1/models."""
    bp = Blueprint("models", __name__)

    @bp.get("/api/v1/models")
    def list_models() -> Response:
        require_accepts_json()
        parse_query()
        models = schemas.Models(
            default=registry.default_name,
            models=[_describe(model) for model in registry],
            profiles=access.is_on,
        )
        return Response(models.model_dump_json(), content_type="application/json")

    @bp.get("/api/v1/models/<name>")
    def get_model(name: str) -> Response:
        require_accepts_json()
        parse_query()
        model = registry.get(name)
        if model is None:
            raise NotFound("There is no model with this name; GET /api/v1/models lists all models.")
        return Response(_describe(model).model_dump_json(), content_type="application/json")

    return bp


def _describe(recognizer: Recognizer) -> schemas.Model:
    model = recognizer.describe()
    return schemas.Model(
        name=model.name,
        digest=model.digest,
        recipe=model.recipe,
        summary=model.summary,
        preprocessing=schemas.Preprocessing(
            name=model.preprocessing, revision=model.preprocessing_revision
        ),
        input_shape=list(model.input_shape),
        class_names=list(model.class_names),
        layers=[
            schemas.Layer(
                type=layer.type,
                output_shape=list(layer.output_shape),
                parameters=layer.parameters,
                options=dict(layer.options),
            )
            for layer in model.layers
        ],
        parameters=model.parameters,
        size_bytes=model.size_bytes,
        rejects_non_digits=model.rejects_non_digits,
        test_time_augmentation=model.test_time_augmentation,
        metrics=model.metrics,
        training=model.training,
    )
