"""The command `inkdigits serve`: the HTTP service."""

import os
import shlex
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from inkdigits.version import __version__

if TYPE_CHECKING:
    from inkdigits.api.settings import Settings

# An image to try, if the package is run from a clone of its repository.
SAMPLE = Path(__file__).parents[3] / "tests" / "golden" / "7.png"


@click.command("serve")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.  [default: 5000, or the next one that is free]",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    help="Model file, name of a shipped model, or NAME=FILE to give a file another name; repeat "
    "the option for several. The first is the default.  [default: cnn-small]",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="Origin whose pages may call the API from a browser, such as http://localhost:3000; "
    "repeat the option for several.  [default: localhost and 127.0.0.1 at ports 3000, 5173, 8080]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Number of worker processes.  [default: one for each CPU]",
)
@click.option(
    "--profiles",
    "keeps_profiles",
    is_flag=True,
    help="Keep profiles, which learn a person's handwriting, in the user's data folder. Only on a "
    "server that nobody but this computer reaches; INKDIGITS_DATABASE is for any other.",
)
@click.option(
    "--open", "opens", is_flag=True, help="Open the page in a browser, if one can be opened."
)
def serve_command(
    host: str | None,
    port: int | None,
    models: Sequence[str],
    origins: Sequence[str],
    workers: int | None,
    keeps_profiles: bool,
    opens: bool,
) -> None:
    """Serve predictions over HTTP, until Ctrl-C or SIGTERM.

    Every option except --profiles and --open can also be set with an environment variable.
    docs/api.md lists all variables.
    """
    given = {
        "host": host,
        "port": port,
        "models": tuple(models),
        "origins": tuple(origins),
        "workers": workers,
    }
    run_service(given, opens, keeps_profiles=keeps_profiles)


def run_service(
    given: Mapping[str, Any], opens: bool, view: str = "", *, keeps_profiles: bool = False
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    given           settings that take precedence over the environment; None and () for those not
                    given
    opens           whether to open the page in a browser, if one can be opened
    view            the part of the page to open, such as #/train
    keeps_profiles  whether to keep profiles in the user's data folder, unless the environment has
                    another database, or others reach the server
    raises  ClickException, also if the packages for it are not installed
    """
    try:
        from pydantic import ValidationError

        from inkdigits.api.registry import ModelRegistry
        from inkdigits.api.routes.frontend import has_page
        from inkdigits.api.server import ServerError, serve
        from inkdigits.api.settings import Settings, misspelt_settings
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise click.ClickException(
            f"The package {package} is not installed; run pip install 'inkdigits[serve]'."
        ) from None
    try:
        settings = Settings(
            **{name: value for name, value in given.items() if value not in (None, ())}
        )
    except ValidationError as error:
        raise click.UsageError(_describe_errors(error)) from None
    if keeps_profiles:
        settings = with_profiles(settings)
    for message in misspelt_settings(os.environ):
        click.echo(f"Warning: {message}", err=True)
    # So that a bad model is reported once, not by every worker.
    names = [recognizer.name for recognizer in ModelRegistry(settings.models)]

    def on_ready(url: str) -> None:
        if opens and has_display():
            webbrowser.open(f"{url}/{view}")
        port = urlsplit(url).port
        if settings.port not in (0, port):
            click.echo(f"Port {settings.port} is in use, so the port is {port}.")
        if not has_page():
            click.echo(
                "This installation has no drawing page: run `make run` in a clone of the "
                "repository, or install a released package."
            )
        _print_greeting(url, names)
        if settings.has_lab:
            click.echo(f"Train a network and watch it learn: {url}/#/train")
        click.echo("Press Ctrl-C to stop.")

    try:
        serve(settings, on_ready)
    except ServerError as error:
        raise click.ClickException(str(error)) from None


def with_profiles(settings: "Settings") -> "Settings":
    """Return settings with the user's database of profiles, on a server of this computer alone."""
    from inkdigits.personal.location import user_database

    if settings.database:
        return settings
    if not settings.is_private:
        click.echo(
            "Others reach this server, so it keeps no profiles; set INKDIGITS_DATABASE to keep "
            "them.",
            err=True,
        )
        return settings
    return settings.model_copy(update={"database": str(user_database())})


def _describe_errors(error: Any) -> str:
    """Describe what is wrong with each invalid setting."""
    return " ".join(
        f"INKDIGITS_{'_'.join(map(str, each['loc'][:1])).upper()}: "
        f"{each['msg'].removeprefix('Value error, ')}."
        for each in error.errors()
    )


def has_display() -> bool:
    """Whether a graphical browser can be opened; a text browser would take over the terminal."""
    unix = sys.platform not in ("win32", "darwin")
    return not unix or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _print_greeting(url: str, names: Sequence[str]) -> None:
    models = f"model{'s' if len(names) > 1 else ''} {', '.join(names)}"
    click.echo(f"inkdigits {__version__} is serving the {models} at")
    click.echo(f"  {url}/")
    image = os.path.relpath(SAMPLE) if SAMPLE.exists() else "digit.png"
    click.echo("Try it with an image of a digit:")
    click.echo(
        # Piped, because a photo can be longer than the system allows for a command-line argument.
        f"  base64 < {shlex.quote(image)} | tr -d '\\n' | sed 's/.*/{{\"image\": \"&\"}}/' | "
        f"curl -H 'Content-Type: application/json' -d @- {shlex.quote(f'{url}/predict')}"
    )
