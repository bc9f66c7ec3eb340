"""The Flask application: puts together its routes, its limits, and one form for every error."""

from collections.abc import Callable

from flask import Flask, request
from flask_limiter import Limiter

from inkdigits.api.clients import client_of
from inkdigits.api.errors import refuse
from inkdigits.api.headers import allow_origins, check_headers
from inkdigits.api.metrics import Metrics
from inkdigits.api.registry import Shelf
from inkdigits.api.routes.docs import pages
from inkdigits.api.routes.frontend import page
from inkdigits.api.routes.health import health
from inkdigits.api.routes.models import catalogue
from inkdigits.api.routes.predictions import predictions
from inkdigits.api.settings import Settings


def create_app(
    shelf: Shelf,
    settings: Settings,
    draining: Callable[[], bool] = lambda: False,
    metrics: Metrics | None = None,
) -> Flask:
    """Create the application that answers with what the models of `shelf` read.

    draining  whether the service is about to end, and should get no more requests
    metrics   what GET /metrics shows; the server in front does the counting

    A server in front says by REMOTE_ADDR who the client is, whatever proxies there are, and may set
    two things in the environment: "inkdigits.request_id", and "inkdigits.client_left", a function
    that tells whether nobody waits for the answer any more. It finds there what was done:
    "inkdigits.route", the pattern of the address, if there is one; and "inkdigits.predictions", a
    list of (model's name, prediction), if something was read.

    source   docs/api.md describes the routes and every error
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # Or addresses such as "" and "/predict//" would be answered with a redirect in HTML.
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    check_headers(app)
    allow_origins(app, settings.origins)
    refuse(app)
    app.register_blueprint(catalogue(shelf))
    app.register_blueprint(predictions(shelf, settings))
    app.register_blueprint(pages(shelf, settings))
    app.register_blueprint(page())
    app.register_blueprint(health(draining, metrics or Metrics(), shelf))
    if settings.rate_limit:
        _limit_rate(app, settings)
    return app


def _limit_rate(app: Flask, settings: Settings) -> None:
    limiter = Limiter(
        lambda: client_of(request.remote_addr or ""),
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=settings.rate_limit_storage,
        # Retry-After among them.
        headers_enabled=True,
        # Where the storage is not to be had, each worker counts for itself.
        in_memory_fallback_enabled=True,
    )

    @limiter.request_filter
    def is_exempt() -> bool:
        # Whoever runs the service asks for its health as often as needed.
        return request.method == "OPTIONS" or request.blueprint == "health"
