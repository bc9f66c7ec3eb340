"""The commands `inkdigits model ...`: look into a model file, bring one in, give one away."""

from pathlib import Path

import click

from inkdigits.cli.options import model_argument
from inkdigits.model_file import (
    ArtifactError,
    load_model,
    locate,
    read_file,
    save_model,
    write_atomically,
)
from inkdigits.pickles import MAX_PICKLE_BYTES, export_pickle, import_pickle
from inkdigits.recipes import RECIPES

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write."
)


@click.group("model")
def model_command() -> None:
    """Show, import and export model files."""


@model_command.command("show")
@model_argument
def show_command(model: str) -> None:
    """Print what a model file says of itself. MODEL is a file or a shipped model's name."""
    path = locate(model)
    loaded = load_model(path)
    recipe = RECIPES[loaded.recipe]
    rows = {
        "file": path,
        "bytes": f"{path.stat().st_size:,}",
        "sha256": loaded.digest,
        "recipe": f"{recipe.name}: {recipe.summary}",
        "sizes": " - ".join(map(str, recipe.sizes)),
        "parameters": f"{recipe.network.inference_network.size:,}",
        "clean-up": recipe.preprocessing,
        "temperature": loaded.temperature,
        "threshold": "none: every picture gets an answer"
        if loaded.rejection_threshold is None
        else loaded.rejection_threshold,
        **{f"metrics.{key}": value for key, value in _flat(loaded.metrics)},
        **{f"training.{key}": value for key, value in _flat(loaded.training)},
        "inkdigits": loaded.version,
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        # The file may say anything: its control characters must not reach the terminal.
        name, value = _printable(f"{name:{width}}"), _printable(str(value))
        click.echo(f"{click.style(name, bold=True)}  {value}")


def _printable(text: str) -> str:
    """Show what a terminal would obey, or could not show, as Python would write it."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def _flat(values: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Name what lies deeper by the path to it."""
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
    """Make a model file of the write-up's pickle: {'W1', 'W2', 'W3'}.

    Nothing in the pickle is run: all that is read of it is NumPy arrays.
    """
    try:
        model = import_pickle(read_file(file, MAX_PICKLE_BYTES))
    except ArtifactError as error:
        raise click.ClickException(f"{file}: {error}") from None
    model = save_model(output, model)
    click.echo(f"{output}: recipe {model.recipe}, SHA-256 {model.digest}")


@model_command.command("export")
@model_argument
@output_option
@click.option(
    "--format",
    "_format",
    type=click.Choice(["pickle"]),
    default="pickle",
    show_default=True,
    help="What to write: the write-up's pickle.",
)
def export_command(model: str, output: Path, _format: str) -> None:
    """Give a model away in another format. MODEL is a file or a shipped model's name."""
    write_atomically(output, export_pickle(load_model(locate(model))))
    click.echo(f"{output}: the write-up's pickle")
