"""The command `inkdigits submit`: predictions in the form of Kaggle's "Digit Recognizer"."""

import csv
import io
import os
from pathlib import Path

import click
import numpy as np

from inkdigits.arrays import Labels
from inkdigits.cli.console import printable
from inkdigits.cli.options import model_argument
from inkdigits.constants import DIGITS
from inkdigits.data import labeled, sources
from inkdigits.data.labeled import LabeledImages
from inkdigits.evaluation import predict_images
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import write_atomically

HEADER = ["ImageId", "Label"]
ROWS = 28_000  # of the competition's test.csv


@click.command("submit")
@model_argument
@click.argument("table", metavar="TEST")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The CSV file to write."
)
def submit_command(model: str, table: str, output: Path) -> None:
    """Predict the digits of TEST, Kaggle's test.csv, and write a submission for Digit Recognizer.

    TEST is a CSV or Parquet file with the columns pixel0 to pixel783. The competition's test digits
    are MNIST's: a model that is trained on all of MNIST has seen them.
    """
    if output.exists() and os.path.exists(table) and output.samefile(table):
        raise click.UsageError(f"--output {output} is TEST itself; name another file.")
    recognizer = Recognizer.load(model)
    if recognizer.model.classes != DIGITS:
        raise click.ClickException(
            f"The classes of {recognizer.name} are not the ten digits; name a model of digits."
        )
    name = labeled.file_name(table)
    loaded = sources.load_unlabeled(table)
    if loaded.labels is not None:
        raise click.ClickException(
            f"{name} has labels, as the competition's train.csv does: name its test.csv."
        )
    rows = len(loaded.images)
    if rows != ROWS:
        click.echo(
            f"{name} has {rows:,} rows, not {ROWS:,} as the competition's test.csv: Kaggle will "
            "not accept the submission.",
            err=True,
        )
    images = LabeledImages(loaded.images, np.zeros(rows, np.uint8), None, name=name)
    predictions, _ = predict_images(recognizer, images)
    labels = predictions.probabilities.argmax(axis=1)
    content = submission(labels)
    if not is_valid(content, labels):
        raise click.ClickException("The submission is not valid; please report this as a bug.")
    write_atomically(output, content)
    click.echo(f"{printable(str(output))}: {rows:,} predictions of {recognizer.name}")


def submission(labels: Labels) -> bytes:
    """Write a submission: a row for each image, numbered from 1.

    labels   int (N,), the predicted digits
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(enumerate(labels.tolist(), 1))
    return file.getvalue().encode()


def is_valid(content: bytes, labels: Labels) -> bool:
    """Read a submission, and return whether it has the form and the predictions it must have."""
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    expected = [[str(number), str(label)] for number, label in enumerate(labels.tolist(), 1)]
    return header == HEADER and rows == expected and all(label in DIGITS for _, label in rows)
