"""The root: browsers get the page, or what to do if it was not built, and other clients JSON."""

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

from inkdigits.api import schemas
from inkdigits.api.headers import require_accepts_json
from inkdigits.api.registry import ModelRegistry
from inkdigits.constants import DIGITS
from inkdigits.version import __version__

PAGE_FOLDER = Path(__file__).parents[2] / "page"  # built from web/ by the Makefile
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What a browser gets instead of a page that was not built into the package.
NO_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>inkdigits</title>
<h1>inkdigits is running, without its drawing page</h1>
<p>This installation does not contain the page. In a clone of the repository, <code>make run</code>
builds it; released packages contain it.</p>
<p>The API works: <a href="/docs">try it in the browser</a>, or read its
<a href="/openapi.json">OpenAPI document</a>.</p>
</html>
"""
# For the files whose names contain a hash of their content. All others are revalidated.
IMMUTABLE_MAX_AGE_S = 365 * 24 * 3600
_REQUEST = schemas.ExampleRequest(
    method="POST",
    path="/predict",
    body={"image": "<an image file in base64, or a data URL>"},
)
_RESPONSE = {
    "predicted_digit": '<0 to 9, or "none">',
    "probabilities": "<ten numbers, one for each digit>",
}
_RESPONSE_OF_OTHER_CLASSES = {
    "predicted_digit": '<the name of a class, or "none">',
    "probabilities": "<a number for each class>",
}


def create_blueprint(registry: ModelRegistry) -> Blueprint:
    """Create the route of the root, and those of the files that the page loads."""
    bp = Blueprint("frontend", __name__)

    @bp.get("/")
    def index() -> Response:
        if _prefers_html():
            return _page() if has_page() else _no_page()
        require_accepts_json()
        model = registry.default
        of_digits = model.model.classes == DIGITS
        service = schemas.Service(
            name="inkdigits",
            version=__version__,
            model=schemas.ModelName(name=model.name, digest=model.digest),
            example=schemas.Example(
                request=_REQUEST,
                response=_RESPONSE if of_digits else _RESPONSE_OF_OTHER_CLASSES,
            ),
            links={"docs": "/docs", "openapi": "/openapi.json"},
        )
        return Response(service.model_dump_json(), content_type="application/json")

    @bp.get("/config.json")
    def config() -> Response:
        return send_from_directory(PAGE_FOLDER, "config.json")

    @bp.get("/favicon.svg")
    def favicon() -> Response:
        return send_from_directory(PAGE_FOLDER, "favicon.svg")

    @bp.get("/assets/<name>")
    def asset(name: str) -> Response:
        response = send_from_directory(PAGE_FOLDER / "assets", name, max_age=IMMUTABLE_MAX_AGE_S)
        response.cache_control.immutable = True
        return response

    return bp


def has_page() -> bool:
    """Whether the page was built into the package."""
    return (PAGE_FOLDER / "index.html").is_file()


def _prefers_html() -> bool:
    """Whether the request prefers HTML to JSON, as a browser's does."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _page() -> Response:
    page = send_from_directory(PAGE_FOLDER, "index.html")
    page.headers["Content-Security-Policy"] = PAGE_POLICY
    page.vary.add("Accept")
    return page


def _no_page() -> Response:
    page = Response(NO_PAGE, content_type="text/html; charset=utf-8")
    page.vary.add("Accept")
    return page
