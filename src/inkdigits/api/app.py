"""The Flask application: its routes, its limits, and one form for every error."""

import json
import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, request
from flask_cors import CORS
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from inkdigits.api.body import parse_image, parse_object
from inkdigits.recognizer import ImageError, ImageTooLarge, Recognizer, UnsupportedImage
from inkdigits.version import __version__

# Where the drawing page runs while it is developed, or from its container.
DEFAULT_ORIGINS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 5173, 8080)
)
# A picture of 16 MiB in base64, and what JSON and a data URL put around it.
MAX_BODY_BYTES = 16 * 2**20 * 4 // 3 + 2**10

# Instead of Werkzeug's own words for the errors that Flask raises by itself.
_DETAILS: dict[type[HTTPException], str] = {
    NotFound: "Nothing is served at this address; GET / says what is.",
    MethodNotAllowed: "This address takes other methods; see the Allow header.",
    RequestEntityTooLarge: "The body is too large; send a picture of at most 16 MiB.",
    InternalServerError: "The service failed at this request; its log says why.",
}
_IMAGE_ERRORS: dict[type[ImageError], type[HTTPException]] = {
    ImageTooLarge: RequestEntityTooLarge,
    UnsupportedImage: UnsupportedMediaType,
}


def create_app(recognizer: Recognizer, origins: Iterable[str] = DEFAULT_ORIGINS) -> Flask:
    """Create the application that answers with what `recognizer` reads.

    origins  whose pages may call from a browser: scheme, host and port, matched exactly
    raises   ValueError if one of them is no such origin ("*" is none)
    source   docs/api.md describes the routes and every error
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # Or addresses such as "" and "/predict//" would be answered with a redirect in HTML.
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    _allow_origins(app, origins)

    @app.get("/")
    def describe() -> dict[str, Any]:
        return {
            "name": "inkdigits",
            "version": __version__,
            "model": {"name": recognizer.name, "digest": recognizer.digest},
            "use": {
                "POST /predict": {
                    "send": {"image": "<a picture of a digit: its file in base64, or a data URL>"},
                    "receive": {
                        "predicted_digit": '<0 to 9, or "none" if there is no digit>',
                        "probabilities": "<ten numbers, one a digit>",
                    },
                }
            },
        }

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        if request.mimetype != "application/json":
            raise UnsupportedMediaType(
                "The body must be JSON; send the header Content-Type: application/json."
            )
        data, media_type = parse_image(parse_object(request.get_data(cache=False)))
        prediction = recognizer.recognize(data, media_type)
        return {
            "predicted_digit": "none" if prediction.digit is None else prediction.digit,
            "probabilities": prediction.probabilities,
        }

    @app.errorhandler(ImageError)
    def refuse_image(error: ImageError) -> Response:
        return _problem(_IMAGE_ERRORS.get(type(error), BadRequest)(), str(error))

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        return _problem(error, _DETAILS.get(type(error)) or error.description)

    return app


def _problem(error: HTTPException, detail: str | None) -> Response:
    """Say what is wrong as problem details (RFC 9457), with the error's headers, such as Allow."""
    problem = {
        "type": "about:blank",
        "title": error.name,
        "status": error.code,
        "detail": detail,
    }
    return Response(
        json.dumps(problem),
        error.code,
        error.get_headers(),
        content_type="application/problem+json",
    )


def _allow_origins(app: Flask, origins: Iterable[str]) -> None:
    patterns = []
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is no origin; write scheme, host and port as a browser sends them, "
                "for example http://localhost:3000"
            )
        # A pattern, because Flask-CORS ignores case in a string and may take it for a pattern.
        patterns.append(re.compile(re.escape(origin) + r"\Z"))
    CORS(
        app,
        origins=patterns,
        methods=["GET", "POST"],
        allow_headers=["Content-Type"],
        vary_header=False,
    )

    @app.after_request
    def vary(response: Response) -> Response:
        # On every answer: one cached without an origin must not be given to a page that has one.
        response.vary.add("Origin")
        return response


_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
