"""Options that several commands share."""

from pathlib import Path

import click

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with MNIST's files, compressed or not. Without it: the folder that INKDIGITS_DATA "
    "names, or else the cache that `inkdigits data` fills.",
)

model_argument = click.argument("model")
