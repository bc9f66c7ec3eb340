"""`inkdigits form new`: a form to start from."""

import importlib.resources
from pathlib import Path

import click

from inkdigits.storage.files import FileError, write_atomically


@click.command("new")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The TOML file to write.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def new_command(output: Path, force: bool) -> None:
    """Write an example of a form, with comments on every key, to edit and print."""
    if output.exists() and not force:
        raise FileError(
            f"{output} exists; choose another name, or replace the file with the option --force."
        )
    example = importlib.resources.files("inkdigits.forms") / "example.toml"
    write_atomically(output, example.read_bytes())
    click.echo(f"{output}: edit it, then run `inkdigits form print {output} -o sheet.pdf`")
