"""The command line: wires the parts together and shows progress."""

import errno
import sys
from importlib import import_module
from typing import Any

import click

from inkdigits.arrays import DeviceError
from inkdigits.cli.console import prepare_console
from inkdigits.data.folders import DataError
from inkdigits.imaging.errors import ImageError
from inkdigits.storage.files import FileError
from inkdigits.version import __version__

# Each is NAME_command in the module of its name, which is imported when the command is used: all of
# them together take longer to import than `predict` takes to run.
COMMANDS = (
    "compare",
    "data",
    "evaluate",
    "explain",
    "form",
    "lab",
    "model",
    "number",
    "predict",
    "recipe",
    "serve",
    "submit",
    "sweep",
    "teach",
    "train",
)


class Inkdigits(click.Group):
    """The group of all commands: a user's mistake ends in one sentence, never in a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            import_module(f"inkdigits.cli.{cmd_name}"), f"{cmd_name}_command"
        )
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program; what it prints never ends it, whatever the console's encoding is."""
        prepare_console()
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that is meant for the user becomes the last line."""
        try:
            return super().invoke(ctx)
        except (DataError, DeviceError, FileError, ImageError) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read the output has closed it; click exits quietly
            raise click.ClickException(
                f"{error.filename or 'The output'}: {error.strerror or error}; free some "
                "space or make it accessible, or choose another path, and run the command again."
            ) from None
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)


@click.group(cls=Inkdigits, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inkdigits")
def main() -> None:
    """Recognize handwritten digits with a neural network written from scratch."""
