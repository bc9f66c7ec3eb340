"""Options and arguments that several commands share."""

import csv
from pathlib import Path

import click

from inkdigits.model_file import DEFAULT_MODEL

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Folder with the data files, compressed (.gz) or not.  [default: the folders in "
    "INKDIGITS_DATA, separated as in PATH, or the cache that `inkdigits data` downloads to]",
)

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=100),
    metavar="N",
    help="Train on the first N digits only, for a quick look.",
)

mnist_only_option = click.option(
    "--mnist-only",
    is_flag=True,
    help="Train without the recipe's other data sets, even if their files are there.",
)

model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Model file, name of a model that ships with the package, or NAME=FILE.",
)

model_argument = click.argument("model")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
)


def split_names(text: str) -> list[str]:
    """Split names of classes at the commas; one with a comma in it is quoted.

    raises   UsageError
    """
    try:
        names = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        raise click.UsageError("--classes is not a list of names with commas between.") from None
    return [name.strip() for name in names]
