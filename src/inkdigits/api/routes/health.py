"""Routes for who runs the service: is it alive, is it ready, and what has it done."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response
from werkzeug.exceptions import ServiceUnavailable

from inkdigits.api.metrics import CONTENT_TYPE, Metrics
from inkdigits.api.registry import Shelf
from inkdigits.api.schemas import Health


def health(draining: Callable[[], bool], metrics: Metrics, shelf: Shelf) -> Blueprint:
    """Create the routes.

    draining  whether the service is about to end, and should get no more requests
    """
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def alive() -> Response:
        return _json(Health(status="alive"))

    @routes.get("/readyz")
    def ready() -> Response:
        if draining():
            raise ServiceUnavailable("The service is about to end; send requests to another.")
        return _json(Health(status="ready"))

    @routes.get("/metrics")
    def measured() -> Response:
        models = [(recognizer.name, recognizer.digest) for recognizer in shelf]
        return Response(metrics.text(models), content_type=CONTENT_TYPE)

    return routes


def _json(health: Health) -> Response:
    return Response(health.model_dump_json(), HTTPStatus.OK, content_type="application/json")
