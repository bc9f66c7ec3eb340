"""The page on which a person draws the fields of a form on its scan."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from inkdigits.forms.scan_fields import EmptyForm
from inkdigits.strict_json import parse

PAGE = "scan.html"
FILES = ("local.css", "favicon.svg", "scan.css", "scan.js", "scan-fields.js")
MAX_BODY_BYTES = 2**20  # fields with long lists of choices


def create_routes(empty: EmptyForm, content: dict[str, Any]) -> Blueprint:
    """Create the routes of the page.

    content  the title and the fields to start from
    """
    routes = Blueprint("scan", __name__)
    shown = empty.shown()
    kept = [content]

    @routes.get("/form")
    def form() -> Response:
        width, height = empty.scan.size
        return jsonify(
            kept[-1] | {"file": empty.output.name, "scan": empty.scan.file, "size": [width, height]}
        )

    @routes.get("/scan.jpg")
    def scan() -> Response:
        return Response(shown, content_type="image/jpeg")

    @routes.post("/form")
    def save() -> Response:
        try:
            drawn = parse(request.get_data())
        except ValueError as error:
            abort(400, f"This is not a form of the page: {error}.")
        if not isinstance(drawn, dict):
            abort(400, "This is not a form of the page.")
        try:
            saved = empty.save(drawn)
        except OSError as error:
            abort(503, f"The file cannot be written ({error.strerror}); the fields are still here.")
        except ValueError as error:
            text = str(error).rstrip(".")
            abort(422, f"Not saved: {text}.")
        kept[-1] = {"title": saved.title, "fields": drawn["fields"]}
        return jsonify(file=empty.output.name, fields=len(saved.fields))

    return routes
