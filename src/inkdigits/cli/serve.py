"""The command `inkdigits serve`: answers over HTTP which digit a picture shows."""

import os
import shlex
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from inkdigits.version import __version__

# A picture to try, where the package runs from a clone of its repository.
SAMPLE = Path(__file__).parents[3] / "tests" / "golden" / "7.png"


@click.command("serve")
@click.option("--host", help="The address to listen at.  [default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port to listen at; 0 takes a free one.  [default: 5000]",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    help="A model file, or the name of a shipped model; give it once for each, the first answers "
    "unless a request names another.  [default: cnn-small]",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="An origin whose pages may call from a browser, such as http://localhost:3000; give it "
    "once for each. Without it: localhost and 127.0.0.1 at ports 3000, 5173 and 8080.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that answer.  [default: processors]"
)
@click.option(
    "--open", "opens", is_flag=True, help="Open the page in a browser, where there is one."
)
def serve_command(
    host: str | None,
    port: int | None,
    models: Sequence[str],
    origins: Sequence[str],
    workers: int | None,
    opens: bool,
) -> None:
    """Serve the recognition of digits over HTTP until Ctrl-C or SIGTERM.

    Each option, and more, can be set by a variable INKDIGITS_...: docs/api.md lists them.
    """
    try:
        from pydantic import ValidationError

        from inkdigits.api.registry import Shelf
        from inkdigits.api.server import ServerError, serve
        from inkdigits.api.settings import Settings
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise click.ClickException(
            f"The package {package} is missing; install what serves with "
            "pip install 'inkdigits[serve]'."
        ) from None
    given: dict[str, Any] = {
        "host": host,
        "port": port,
        "models": tuple(models),
        "origins": tuple(origins),
        "workers": workers,
    }
    try:
        settings = Settings(
            **{name: value for name, value in given.items() if value not in (None, ())}
        )
    except ValidationError as error:
        raise click.UsageError(_wrong_settings(error)) from None
    Shelf(settings.models)  # here, where what is wrong is said once and not by every worker

    def greet(address: str) -> None:
        if opens and _has_display():
            webbrowser.open(f"{address}/")
        _greet(address, settings.models)

    try:
        serve(settings, greet)
    except ServerError as error:
        raise click.ClickException(str(error)) from None


def _wrong_settings(error: Any) -> str:
    """Say of each setting that cannot be what is wrong with it."""
    return " ".join(
        f"INKDIGITS_{'_'.join(map(str, each['loc'][:1])).upper()}: "
        f"{each['msg'].removeprefix('Value error, ')}."
        for each in error.errors()
    )


def _has_display() -> bool:
    """Whether a browser can show itself beside this terminal; one of text would take its place."""
    unix = sys.platform not in ("win32", "darwin")
    return not unix or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _greet(address: str, models: Sequence[str]) -> None:
    names = ", ".join(Path(model).stem for model in models)
    click.echo(f"inkdigits {__version__} reads digits with the model {names} at")
    click.echo(f"  {address}/")
    picture = os.path.relpath(SAMPLE) if SAMPLE.exists() else "digit.png"
    click.echo("Try it with a picture of a digit:")
    click.echo(
        # Through pipes, because a photo is longer than an argument may be.
        f"  base64 < {shlex.quote(picture)} | tr -d '\\n' | sed 's/.*/{{\"image\": \"&\"}}/' | "
        f"curl -H 'Content-Type: application/json' -d @- {shlex.quote(f'{address}/predict')}"
    )
    click.echo("Ctrl-C ends it.")
