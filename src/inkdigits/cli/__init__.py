"""The command line: wires the parts together and shows people what happens."""

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
from inkdigits.model_file import ArtifactError
from inkdigits.recognizer import ImageError
from inkdigits.runs import RunError
from inkdigits.version import __version__


class Inkdigits(click.Group):
    """The group of all commands: a user's mistake ends in one sentence, never in a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises for its user becomes its last line."""
        if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
            # What the terminal's encoding lacks, such as in a file's name, is shown escaped.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (ArtifactError, DataError, DeviceError, ImageError, RunError) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read the output has gone; click ends quietly
                raise
            raise click.ClickException(
                f"{error.filename or 'The output'}: {error.strerror or error}; make room there or "
                "make it accessible, or name another place, and run the command again."
            ) from None
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)


@click.group(cls=Inkdigits, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inkdigits")
def main() -> None:
    """Read handwritten digits with a neural network written from scratch."""


for command in (
    data_command,
    train_command,
    evaluate_command,
    predict_command,
    serve_command,
    model_command,
):
    main.add_command(command)
