"""Health checks and metrics, for operators."""

from collections.abc import Callable

from flask import Blueprint, Response
from werkzeug.exceptions import ServiceUnavailable

from inkdigits.api.metrics import CONTENT_TYPE, Metrics
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.schemas import Health


def create_blueprint(
    registry: ModelRegistry, metrics: Metrics, is_draining: Callable[[], bool]
) -> Blueprint:
    """Create the routes /healthz, /readyz and /metrics.

    is_draining  whether the server is shutting down and should get no new requests
    """
    bp = Blueprint("health", __name__)

    @bp.get("/healthz")
    def liveness() -> Response:
        return _json(Health(status="alive"))

    @bp.get("/readyz")
    def readiness() -> Response:
        if is_draining():
            raise ServiceUnavailable(
                "The service is shutting down; send requests to another instance."
            )
        return _json(Health(status="ready"))

    @bp.get("/metrics")
    def metrics_text() -> Response:
        models = [(model.name, model.digest) for model in registry]
        return Response(metrics.text(models), content_type=CONTENT_TYPE)

    return bp


def _json(health: Health) -> Response:
    return Response(health.model_dump_json(), content_type="application/json")
