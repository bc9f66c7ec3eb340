"""The command `inkdigits predict`: which digit do these images show?"""

from collections.abc import Callable, Iterator
from functools import partial

import click

from inkdigits.cli.cluster_recognition import (
    PART_SIZE,
    check_one_output,
    cluster_place,
    on_option,
    part_size_option,
    recognize_on_cluster,
    results_option,
)
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
@on_option
@results_option
@part_size_option(PART_SIZE)
def predict_command(
    files: tuple[str, ...],
    model: str,
    profile: str | None,
    as_json: bool,
    csv_path: str | None,
    recursive: bool,
    workers: int | None,
    on: str | None,
    output: str | None,
    part_size: int | None,
) -> None:
    """Recognize the digit in each FILE.

    FILE is a PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or AVIF image, a folder of them, or - for
    standard input. With --on, it is an image, a folder, a pattern such as 'scans/*.png', a .tar
    shard, a Parquet file, or any of these as a URL, such as s3://BUCKET/FOLDER.
    """
    check_outputs(csv_path, as_json)
    check_one_output(on, output, csv_path, as_json)
    place = cluster_place(on, output, part_size, PART_SIZE)
    recognizer = load_recognizer(model, profile)
    if place is not None:
        from inkdigits.scale.tasks import DigitTask

        recognize_on_cluster(DigitTask(recognizer), files, place, recursive, workers)
        return
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
