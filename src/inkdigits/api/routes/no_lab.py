"""In place of the lab, on a server that has none: nothing of the lab's code is loaded."""

from typing import NoReturn

from flask import Blueprint
from werkzeug.exceptions import NotFound

from inkdigits.api.headers import LAB_PATH

METHODS = ("GET", "POST", "PUT", "DELETE")


def create_blueprint() -> Blueprint:
    """Create the routes under /api/v1/lab, each of which says that there is no lab."""
    bp = Blueprint("lab", __name__)

    @bp.route(LAB_PATH, methods=METHODS)
    @bp.route(f"{LAB_PATH}/<path:path>", methods=METHODS)
    def no_lab(path: str = "") -> NoReturn:
        raise NotFound(
            "This server has no lab; run `inkdigits lab` on your computer, or start the server "
            "with INKDIGITS_LAB=1 and INKDIGITS_LAB_TOKEN."
        )

    return bp
