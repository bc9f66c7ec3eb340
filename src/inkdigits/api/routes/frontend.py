"""The drawing page, if it is built into the package: its files, under its own policy."""

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

BUILT = Path(__file__).parents[1] / "page"  # from web/, by the Makefile
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What Vite names by its content may be kept for ever; all else is asked after each time.
FOR_EVER_S = 365 * 24 * 3600


def is_wanted() -> bool:
    """Whether this request is a browser's, and there is a page to show."""
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds) == "text/html" and BUILT.is_dir()


def index() -> Response:
    """Give the page itself."""
    page = send_from_directory(BUILT, "index.html")
    page.headers["Content-Security-Policy"] = POLICY
    page.vary.add("Accept")
    return page


def page() -> Blueprint:
    """Create the routes of what the page loads."""
    routes = Blueprint("page", __name__)

    @routes.get("/config.json")
    def config() -> Response:
        return send_from_directory(BUILT, "config.json")

    @routes.get("/favicon.svg")
    def favicon() -> Response:
        return send_from_directory(BUILT, "favicon.svg")

    @routes.get("/assets/<name>")
    def asset(name: str) -> Response:
        answer = send_from_directory(BUILT / "assets", name, max_age=FOR_EVER_S)
        answer.cache_control.immutable = True
        return answer

    return routes
