"""The Flask application: blueprints, limits, and one format for every error."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, request
from flask_limiter import Limiter

from inkdigits.api.clients import client_key
from inkdigits.api.errors import register_error_handlers
from inkdigits.api.headers import add_headers, check_url, enable_cors
from inkdigits.api.lab_access import LabAccess
from inkdigits.api.metrics import Metrics
from inkdigits.api.profile_access import ProfileAccess
from inkdigits.api.profile_errors import profile_error_response
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.routes import (
    docs,
    explanations,
    frontend,
    health,
    models,
    no_lab,
    numbers,
    predictions,
    profiles,
)
from inkdigits.api.settings import Settings
from inkdigits.personal.errors import ProfileError


class _SynchronousFlask(Flask):
    """Flask without support for coroutines: it would inspect every function on every call."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(
    registry: ModelRegistry,
    settings: Settings,
    is_draining: Callable[[], bool] = lambda: False,
    metrics: Metrics | None = None,
    lab_access: LabAccess | None = None,
    profile_access: ProfileAccess | None = None,
) -> Flask:
    """Create the application.

    registry        the models being served
    is_draining     whether the server is shutting down and should get no new requests
    metrics         what GET /metrics reports; the server does the counting
    lab_access      what opens the lab; without it, there is none
    profile_access  the profiles; by default, those of the database in the settings
    source          docs/api.md describes the routes and every error

    The server passes the address of the client, with proxies resolved, as REMOTE_ADDR. It may add
    two keys to the WSGI environment: "inkdigits.request_id", and "inkdigits.client_disconnected",
    a function that returns whether the client has closed its connection. The application adds
    "inkdigits.route", the URL rule that matched, and for the server's metrics
    "inkdigits.predictions", a list of (model name, prediction), "inkdigits.numbers", a list of
    (model name, outcome), "inkdigits.explanations", a list of model names, and
    "inkdigits.profile_failure", why the database of profiles cannot be used; and
    "inkdigits.stream", a function that returns what to send after the body, as server.messages
    describes it.
    """
    app = _SynchronousFlask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # Otherwise URLs such as "" and "/predict//" would get an HTML redirect.
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    app.before_request(check_url)
    enable_cors(app, settings.origins)
    register_error_handlers(app)
    access = profile_access or ProfileAccess(settings.database)
    app.register_error_handler(ProfileError, profile_error_response)
    app.register_blueprint(frontend.create_blueprint(registry))
    app.register_blueprint(models.create_blueprint(registry, access))
    app.register_blueprint(predictions.create_blueprint(registry, settings, access))
    app.register_blueprint(numbers.create_blueprint(registry, settings, access))
    app.register_blueprint(explanations.create_blueprint(registry, access))
    app.register_blueprint(profiles.create_blueprint(registry, settings, access))
    app.register_blueprint(_lab_blueprint(registry, settings, lab_access))
    app.register_blueprint(docs.create_blueprint(registry, settings))
    app.register_blueprint(health.create_blueprint(registry, metrics or Metrics(), is_draining))
    if settings.rate_limit:
        _limit_rate(app, settings)
    app.wsgi_app = add_headers(app.wsgi_app)  # type: ignore[assignment]
    return app


def _lab_blueprint(
    registry: ModelRegistry, settings: Settings, access: LabAccess | None
) -> Blueprint:
    if access is None:
        return no_lab.create_blueprint()
    # Imported here, because it takes time and memory that other servers need not spend.
    from inkdigits.api.routes import lab

    return lab.create_blueprint(registry, settings, access)


def _limit_rate(app: Flask, settings: Settings) -> None:
    limiter = Limiter(
        lambda: client_key(request.remote_addr or ""),
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=settings.rate_limit_storage,
        # These include Retry-After.
        headers_enabled=True,
        # If the storage cannot be reached, each worker counts on its own.
        in_memory_fallback_enabled=True,
    )

    @limiter.request_filter
    def is_exempt() -> bool:
        # Health checks and CORS preflights must not count toward a client's limit.
        return request.method == "OPTIONS" or request.blueprint == "health"
