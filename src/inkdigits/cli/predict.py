"""The command `inkdigits predict`: which digit do these images show?"""

from collections.abc import Callable, Iterator
from functools import partial

import click

from inkdigits.cli.options import model_option
from inkdigits.cli.prediction_output import csv_writer, text_writer, write_json
from inkdigits.cli.profile_options import load_recognizer, profile_option
from inkdigits.cli.recognition import (
    Contents,
    Outputs,
    check_outputs,
    csv_option,
    json_lines_option,
    recognize_files,
    recursive_option,
    workers_option,
)
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.limits import LARGE_FILES
from inkdigits.preprocessing_pool import IMAGES_PER_WORKER, choose_workers
from inkdigits.recognizer import Prediction


@click.command("predict")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_option
@profile_option
@json_lines_option
@csv_option
@recursive_option
@workers_option(IMAGES_PER_WORKER)
def predict_command(
    files: tuple[str, ...],
    model: str,
    profile: str | None,
    as_json: bool,
    csv_path: str | None,
    recursive: bool,
    workers: int | None,
) -> None:
    """Recognize the digit in each FILE.

    FILE is a PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or AVIF image, a folder of them, or - for
    standard input.
    """
    check_outputs(csv_path, as_json)
    recognizer = load_recognizer(model, profile)
    classes = recognizer.model.classes

    def recognize(
        images: Contents, count: int, progress: Callable[[int], None]
    ) -> Iterator[Prediction | ImageError | OSError]:
        return recognizer.recognize_many(
            images, workers or choose_workers(count), progress, LARGE_FILES
        )

    outputs = Outputs[Prediction](
        text=text_writer(classes),
        json=write_json,
        table=partial(csv_writer, classes=classes),
        is_rejected=lambda prediction: prediction.label is None,
    )
    recognize_files(files, recursive, csv_path, as_json, recognize, outputs)
