"""Open a page for the person at this computer, until Ctrl-C."""

import logging
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from inkdigits.cli.serve import has_display

if TYPE_CHECKING:
    from flask import Blueprint

open_option = click.option(
    "--open/--no-open", "opens", default=True, help="Open the page in a browser."
)
port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the page, which only this computer can open.  [default: a free one]",
)


def serve_page(
    page: str,
    files: Sequence[str],
    routes: "Blueprint",
    *,
    port: int,
    opens: bool,
    texts: tuple[str, str],
    max_body_bytes: int | None = None,
) -> None:
    """Serve a page until Ctrl-C, and open it in a browser if there is one.

    page, files, routes, port, max_body_bytes  as `LocalServer` takes them
    texts   what to print before and after the address
    raises  ClickException if the port is in use
    """
    from inkdigits.forms.local_server import MAX_BODY_BYTES, LocalServer

    logging.basicConfig(format="%(message)s")
    try:
        server = LocalServer(
            page, files, routes, port=port, max_body_bytes=max_body_bytes or MAX_BODY_BYTES
        )
    except OSError:
        raise click.ClickException(
            f"Port {port} is in use; choose another one, or leave --port out."
        ) from None
    before, after = texts
    click.echo(before)
    click.echo(f"  {server.url}")
    click.echo(after)
    if opens and has_display():
        webbrowser.open(server.url)
    server.serve()
