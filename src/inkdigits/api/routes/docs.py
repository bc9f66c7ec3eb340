"""The API's documentation: the OpenAPI document, and Swagger UI to browse it."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

from inkdigits.api.headers import require_accepts_json
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.settings import Settings

SWAGGER_FOLDER = Path(__file__).parents[1] / "swagger"
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    # Swagger UI's icons are data URLs.
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# The files that /docs loads. The package has more, which are not served.
_OWN_FILES = ("start.js", "dark.css")
_SWAGGER_UI_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


def create_blueprint(registry: ModelRegistry, settings: Settings) -> Blueprint:
    """Create the routes /openapi.json and /docs."""
    names = [model.name for model in registry]
    swagger_ui_folder = _swagger_ui_folder()
    bp = Blueprint("docs", __name__)

    @cache
    def document_json() -> str:
        # Imported on the first request: the server starts faster, with less memory, without it.
        from inkdigits.api.openapi import build_document

        return json.dumps(build_document(names, settings.batch_limit))

    @bp.get("/openapi.json")
    def openapi() -> Response:
        require_accepts_json()
        return Response(document_json(), content_type="application/json")

    @bp.get("/docs")
    def docs() -> Response:
        page = send_from_directory(SWAGGER_FOLDER, "index.html")
        page.headers["Content-Security-Policy"] = DOCS_POLICY
        return page

    @bp.get("/docs/<name>")
    def docs_file(name: str) -> Response:
        if name in _OWN_FILES:
            return send_from_directory(SWAGGER_FOLDER, name)
        if name in _SWAGGER_UI_FILES:
            return send_from_directory(swagger_ui_folder, name)
        raise NotFound

    return bp


def _swagger_ui_folder() -> Path:
    # Located without an import: only the package's static files are needed, not its code.
    package = find_spec("flask_swagger_ui")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "dist"
