"""The command `inkdigits number`: which number do these images show?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
from inkdigits.cli.number_output import number_outputs
from inkdigits.cli.options import model_option
from inkdigits.cli.profile_options import load_recognizer, profile_option
from inkdigits.cli.recognition import (
    Contents,
    check_outputs,
    csv_option,
    json_lines_option,
    recognize_files,
    recursive_option,
    workers_option,
)
from inkdigits.constants import DIGITS
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.inputs import to_rgba
from inkdigits.imaging.limits import LARGE_FILES
from inkdigits.numbers import (
    CHECKSUMS,
    ConstraintError,
    Constraints,
    NumberPrediction,
    recognize_constrained,
)
from inkdigits.preprocessing_pool import choose_workers
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError, read_file
from inkdigits.worker_pool import map_in_processes

IMAGES_PER_WORKER = 16  # a number takes several times as long as a digit
MAX_CHOICES_BYTES = 2**20


@click.command("number")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_option
@profile_option
@click.option("--length", type=int, help="How many digits each number has.")
@click.option(
    "--pattern",
    help="A regular expression for all digits of each number, of digits, \\d, ., [1-6], (12|34), "
    "?, *, + and {2,4}.",
)
@click.option(
    "--choices",
    "choices_path",
    type=click.Path(path_type=Path),
    metavar="LIST",
    help="A text file with the numbers that are possible, one on each line.",
)
@click.option(
    "--checksum",
    type=click.Choice([*CHECKSUMS]),
    help="The check digits with which each number ends.",
)
@click.option(
    "--keep-separators",
    is_flag=True,
    help="Write numbers with the signs . , - and $ (for any currency) that are in the images.",
)
@json_lines_option
@csv_option
@recursive_option
@workers_option(IMAGES_PER_WORKER)
@on_option
@results_option
@part_size_option(PART_SIZE)
def number_command(
    files: tuple[str, ...],
    model: str,
    profile: str | None,
    length: int | None,
    pattern: str | None,
    choices_path: Path | None,
    checksum: str | None,
    keep_separators: bool,
    as_json: bool,
    csv_path: str | None,
    recursive: bool,
    workers: int | None,
    on: str | None,
    output: str | None,
    part_size: int | None,
) -> None:
    """Recognize the number in each FILE: several digits, side by side.

    FILE is an image, a folder of images, or - for standard input; with --on, it is what
    `inkdigits predict --on` takes.
    """
    check_outputs(csv_path, as_json)
    check_one_output(on, output, csv_path, as_json)
    place = cluster_place(on, output, part_size, PART_SIZE)
    try:
        constraints = Constraints(length, pattern, _read_choices(choices_path), checksum)
    except ConstraintError as error:
        raise click.UsageError(str(error)) from None
    recognizer = load_recognizer(model, profile)
    if recognizer.model.classes != DIGITS:
        raise click.ClickException(
            f"The classes of the model {recognizer.name} are not the digits; choose another one."
        )
    if place is not None:
        from inkdigits.scale.tasks import NumberTask

        task = NumberTask(recognizer, constraints, keep_separators)
        recognize_on_cluster(task, files, place, recursive, workers)
        return
    recognize = _Recognize(recognizer, constraints)

    def recognize_all(
        images: Contents, count: int, progress: Callable[[int], None]
    ) -> Iterator[NumberPrediction | ImageError | OSError]:
        processes = workers or choose_workers(count, IMAGES_PER_WORKER)
        results = map_in_processes(recognize, ((image,) for image in images), processes)
        for done, result in enumerate(results, 1):
            progress(done)
            yield result

    recognize_files(
        files, recursive, csv_path, as_json, recognize_all, number_outputs(keep_separators)
    )


@dataclass(frozen=True)
class _Recognize:
    """Recognizes the number in one image; it can be sent to another process."""

    recognizer: Recognizer
    constraints: Constraints

    def __call__(self, image: str | bytes | OSError) -> NumberPrediction | ImageError | OSError:
        if isinstance(image, OSError):
            return image
        try:
            rgba = to_rgba(image, limits=LARGE_FILES)
            return recognize_constrained(rgba, self.recognizer, self.constraints)
        except (ImageError, OSError) as error:
            return error


def _read_choices(path: Path | None) -> tuple[str, ...] | None:
    """Read the lines of a file that are not empty.

    raises   FileError; OSError if it cannot be read
    """
    if path is None:
        return None
    try:
        text = read_file(path, MAX_CHOICES_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(
            f"{path} is not text in UTF-8; write one number on each line of a text file."
        ) from None
    return tuple(line.strip() for line in text.splitlines() if line.strip())
