"""The command line: wires the parts together and shows progress."""

import errno
import sys
from io import TextIOWrapper
from typing import Any

import click

from inkdigits.arrays import DeviceError
from inkdigits.cli.data import data_command
from inkdigits.cli.evaluate import evaluate_command
from inkdigits.cli.model import model_command
from inkdigits.cli.predict import predict_command
from inkdigits.cli.serve import serve_command
from inkdigits.cli.train import train_command
from inkdigits.data.folders import DataError
from inkdigits.imaging.errors import ImageError
from inkdigits.runs import RunError
from inkdigits.storage.files import FileError
from inkdigits.version import __version__


class Inkdigits(click.Group):
    """The group of all commands: a user's mistake ends in one sentence, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that is meant for the user becomes the last line."""
        if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
            # Escape what the terminal's encoding lacks, such as in a file name.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (DataError, DeviceError, FileError, ImageError, RunError) as error:
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


for command in (
    data_command,
    train_command,
    evaluate_command,
    predict_command,
    serve_command,
    model_command,
):
    main.add_command(command)
