"""The routes that document the service: the OpenAPI document, and the page that shows it."""

import json
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

from inkdigits.api.headers import require_json_accepted
from inkdigits.api.openapi import document
from inkdigits.api.registry import Shelf
from inkdigits.api.settings import Settings

OWN = Path(__file__).parent / "swagger"
# Swagger UI's icons are data URLs.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# All that the page loads; the package holds more, which is not served.
_OWN_FILES = ("start.js",)
_SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


def pages(shelf: Shelf, settings: Settings) -> Blueprint:
    """Create the routes that describe what the others take and answer."""
    names = [recognizer.name for recognizer in shelf]
    described = json.dumps(document(names, settings.batch_limit))
    swagger = _swagger_folder()
    routes = Blueprint("pages", __name__)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        require_json_accepted()
        return Response(described, content_type="application/json")

    @routes.get("/docs")
    def docs() -> Response:
        page = send_from_directory(OWN, "index.html")
        page.headers["Content-Security-Policy"] = DOCS_POLICY
        return page

    @routes.get("/docs/<name>")
    def docs_file(name: str) -> Response:
        if name in _OWN_FILES:
            return send_from_directory(OWN, name)
        if name in _SWAGGER_FILES:
            return send_from_directory(swagger, name)
        raise NotFound

    return routes


def _swagger_folder() -> Path:
    # Found, and not imported: its files are wanted, and none of its code.
    package = find_spec("flask_swagger_ui")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "dist"
