"""The commands `inkdigits model ...`: show, import and export model files."""

from pathlib import Path

import click

from inkdigits.cli.options import model_argument
from inkdigits.model_file import load_model, locate, save_model
from inkdigits.pickles import MAX_PICKLE_BYTES, export_pickle, import_pickle
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError, read_file, write_atomically

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write."
)


@click.group("model")
def model_command() -> None:
    """Show, import and export model files."""


@model_command.command("show")
@model_argument
def show_command(model: str) -> None:
    """Print what a model file contains. MODEL is a file or a shipped model's name."""
    path = locate(model)
    recognizer = Recognizer.load(model)
    description = recognizer.describe()
    threshold = recognizer.rejection_threshold
    rows = {
        "file": path,
        "bytes": f"{path.stat().st_size:,}",
        "sha256": description.digest,
        "recipe": f"{description.recipe}: {description.summary}",
        "layers": ", ".join(
            f"{layer.type} {'x'.join(map(str, layer.output_shape))}" for layer in description.layers
        ),
        "parameters": f"{description.parameters:,}",
        "preprocessing": f"{description.preprocessing}, revision "
        f"{description.preprocessing_revision}",
        "temperature": recognizer.temperature,
        "rejection threshold": "none: does not reject non-digits"
        if threshold is None
        else threshold,
        **{f"metrics.{key}": value for key, value in _flat(description.metrics)},
        **{f"training.{key}": value for key, value in _flat(description.training)},
        "inkdigits": description.version,
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        # The file may contain anything: its control characters must not reach the terminal.
        name, value = _printable(f"{name:{width}}"), _printable(str(value))
        click.echo(f"{click.style(name, bold=True)}  {value}")


def _printable(text: str) -> str:
    """Escape control characters, and whatever else a terminal cannot show, as Python does."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def _flat(values: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Flatten nested objects, naming each value by its path."""
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows.extend(_flat(value, f"{prefix}{key}."))
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


@model_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@output_option
def import_command(file: Path, output: Path) -> None:
    """Convert the write-up's pickle, {'W1', 'W2', 'W3'}, to a model file.

    No code in the pickle is run: only NumPy arrays are read from it.
    """
    data = read_file(file, MAX_PICKLE_BYTES)
    try:
        model = import_pickle(data)
    except FileError as error:
        raise click.ClickException(f"{file}: {error}") from None
    model = save_model(output, model)
    click.echo(f"{output}: recipe {model.recipe}, SHA-256 {model.digest}")


@model_command.command("export")
@model_argument
@output_option
def export_command(model: str, output: Path) -> None:
    """Convert a model to the write-up's pickle. MODEL is a file or a shipped model's name."""
    write_atomically(output, export_pickle(load_model(locate(model))))
    click.echo(f"{output}: the write-up's pickle")
