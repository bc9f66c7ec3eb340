"""Options that several commands share."""

from pathlib import Path

import click

from inkdigits.model_file import DEFAULT_MODEL

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with the data's files, compressed or not. Without it: the folders that "
    "INKDIGITS_DATA names, joined as in PATH, or else the cache that `inkdigits data` fills.",
)

model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="A model file, or the name of a shipped model.",
)

model_argument = click.argument("model")
