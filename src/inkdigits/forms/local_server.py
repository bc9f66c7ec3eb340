"""A page for the person at this computer: served to this machine alone, until Ctrl-C.

What keeps everybody else out: the server listens on the loopback interface; the address has a
secret, which other users and other pages do not know; the Host header must be the server's own, so
that a site whose name is rebound to 127.0.0.1 gets nothing; requests of other origins are refused.
"""

import logging
import secrets
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, request, send_from_directory
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from inkdigits.storage.files import FileError

PAGES = Path(__file__).parent / "pages"
ADDRESS = "127.0.0.1"
MAX_BODY_BYTES = 2**16
SECRET_BYTES = 24
WAKE_S = 0.5  # on Windows, Ctrl-C does not interrupt a wait

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",  # people's handwriting must not stay in the browser's cache
}


class LocalServer:
    """Serves one page, its files and the routes of a blueprint below a secret path."""

    def __init__(
        self,
        page: str,
        files: Sequence[str],
        routes: Blueprint,
        *,
        port: int = 0,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """Start to listen, but not yet to serve.

        page            name of the HTML file in the folder `pages`
        files           names of the other files there that the page loads
        routes          of the page's requests, with paths such as "/answers"
        port            0 for any free one
        max_body_bytes  of a request
        raises          OSError if the port is in use
        """
        app = Flask(__name__, static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
        secret = secrets.token_urlsafe(SECRET_BYTES)
        # Of our own, because werkzeug ends the program if the port is in use.
        with socket.create_server((ADDRESS, port)) as listening:
            self._server = make_server(
                ADDRESS, port, app, threaded=True, request_handler=_Quiet, fd=listening.fileno()
            )
        self._stopped = threading.Event()
        host = f"{ADDRESS}:{self._server.port}"
        self.url = f"http://{host}/{secret}/"
        app.before_request(lambda: _check_request(host))
        app.after_request(_add_headers)
        app.register_error_handler(HTTPException, _problem)
        app.register_error_handler(FileError, _file_problem)
        routes.add_url_rule("/", "page", lambda: send_from_directory(PAGES, page))
        for name in files:
            routes.add_url_rule(f"/{name}", name.replace(".", "_"), _sender(name))
        app.register_blueprint(routes, url_prefix=f"/{secret}")

    def serve(self) -> None:
        """Serve until Ctrl-C, SIGTERM or `stop`."""
        with self.serving(), _signals(self._stopped):
            while not self._stopped.wait(WAKE_S):
                pass

    def stop(self) -> None:
        """End `serve`, from any thread."""
        self._stopped.set()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve in another thread during a block; requests in progress are finished."""
        thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield self.url
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class _Quiet(WSGIRequestHandler):
    """Logs nothing: the paths contain the secret."""

    server_version, sys_version = "inkdigits", ""
    timeout = 30  # a connection that sends nothing

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextmanager
def _signals(stopped: threading.Event) -> Iterator[None]:
    """Set the event on Ctrl-C or SIGTERM."""

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    before = [(number, signal.signal(number, stop)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _sender(name: str) -> Any:
    return lambda: send_from_directory(PAGES, name)


def _check_request(host: str) -> None:
    """Refuse requests that another site makes a browser send."""
    if request.headers.get("Host") != host:
        abort(403, "This server has another name; open the address that the command printed.")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        abort(403, "Other pages cannot use this server.")
    if request.headers.get("Origin", f"http://{host}") != f"http://{host}":
        abort(403, "Other pages cannot use this server.")
    # The only media type here that a form on another page cannot send.
    if request.method == "POST" and request.mimetype != "application/json":
        abort(415, "Send JSON.")


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _problem(error: HTTPException) -> Response:
    status = error.code or 500
    response = jsonify(
        type="about:blank", title=error.name, status=status, detail=error.description
    )
    response.status_code = status
    response.mimetype = "application/problem+json"
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _file_problem(error: FileError) -> Response:
    logging.getLogger(__name__).error("%s", error)  # the page must not show paths
    problem = HTTPException("The file cannot be used now; the terminal says why.")
    problem.code = 503
    return _problem(problem)
