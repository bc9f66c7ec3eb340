"""The command `inkdigits serve`: answers over HTTP which digit a picture shows."""

import errno
import logging
import os
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from inkdigits.cli.options import model_option
from inkdigits.version import __version__

# A picture to try, where the package runs from a clone of its repository.
SAMPLE = Path(__file__).parents[3] / "tests" / "golden" / "7.png"


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="The port to listen at; 0 takes a free one.",
)
@model_option
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="An origin whose pages may call from a browser, such as http://localhost:3000; give it "
    "once for each. Without it: localhost and 127.0.0.1 at ports 3000, 5173 and 8080.",
)
def serve_command(host: str, port: int, model: str, origins: Sequence[str]) -> None:
    """Serve the recognition of digits over HTTP until Ctrl-C or SIGTERM."""
    try:
        from waitress import create_server

        from inkdigits.api import DEFAULT_ORIGINS, MAX_BODY_BYTES, Settings, Shelf, create_app
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"The package {error.name} is missing; install what serves with "
            "pip install 'inkdigits[serve]'."
        ) from None
    shelf = Shelf([model])
    try:
        app = create_app(shelf, Settings(origins=tuple(origins or DEFAULT_ORIGINS)))
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--origin") from None
    try:
        server = create_server(
            app,
            host=host,
            port=port,
            # A body just over the application's limit is read, so that its own answer arrives.
            max_request_body_size=2 * MAX_BODY_BYTES,
            ident="inkdigits",
        )
    except (OSError, ValueError) as error:
        raise click.ClickException(_cannot_listen(host, port, error)) from None
    # Or Waitress says on standard error whenever a request waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Service managers and containers end a server by SIGTERM; it does what Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _greet(server, shelf.default)
        server.run()
    except KeyboardInterrupt:
        pass


def _cannot_listen(host: str, port: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {port} of {host} is in use; choose another with --port (0: a free one)."
        case errno.EACCES:
            return f"Port {port} is kept for the system; choose one over 1023 with --port."
    cause = getattr(error, "strerror", None) or "no such address"
    return f"Cannot listen at {host} ({cause}); choose an address of this machine with --host."


def _greet(server: Any, model: str) -> None:
    # Waitress returns one server, or a group of them if the host has several addresses.
    listening = getattr(server, "effective_listen", None) or [
        (server.effective_host, server.effective_port)
    ]
    addresses = [_address(host, port) for host, port in listening]
    click.echo(f"inkdigits {__version__} reads digits with the model {model} at")
    for address in addresses:
        click.echo(f"  {address}/")
    picture = os.path.relpath(SAMPLE) if SAMPLE.exists() else "digit.png"
    click.echo("Try it with a picture of a digit:")
    click.echo(
        # Through pipes, because a photo is longer than an argument may be.
        f"  base64 < {shlex.quote(picture)} | tr -d '\\n' | sed 's/.*/{{\"image\": \"&\"}}/' | "
        f"curl -H 'Content-Type: application/json' -d @- {shlex.quote(f'{addresses[0]}/predict')}"
    )
    click.echo("Ctrl-C ends it.")


def _address(host: str, port: int) -> str:
    # The wildcard is no address that one can call everywhere.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
