"""Load the isolated digits of UNIPEN's train_r01_v07, pen trajectories of about 200 writers.

They come from twelve contributors in several countries, with different pens and tablets. Many
writers slash their zeros, which MNIST's do not.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from inkdigits.data import folders
from inkdigits.data.archives import read_folder, read_tar
from inkdigits.data.folders import DataError
from inkdigits.data.traces import Traces
from inkdigits.data.unipen_exclusions import is_excluded
from inkdigits.data.unipen_format import INCLUDE_FOLDER, Segment, read_segments

FOLDER = "train_r01_v07"  # of the unpacked archive
ARCHIVE = "unipen-CDROM-train_r01_v07.tgz"
EXCERPT = "train_r01_v07-digits.tar.xz"  # the files of the archive that have digits
EXCERPT_SIZE = 17858724  # bytes
EXCERPT_SHA256 = "cdfb73d3a52f154bb034115809388ecd8ae393c90d16d21b3c0e39b3b099de02"
# Of the parsed digits, which are the same however they arrive.
DIGITS_SHA256 = "9e91cf8e2d0c0158cd77a599d41e87869a4d82f050c3f7f9fdf018410b7d7cf2"
ORIGIN = (  # where to get it, as part of a sentence
    f"{ARCHIVE} from Zenodo (https://doi.org/10.5281/zenodo.1195803, license CC BY 4.0; "
    "the CD-ROM of 1999, whose terms are in the file CDROM-README, permitted use for research)"
)

# Those whose labels were checked: 20 digits of each, and those that a network misread. One person
# may stand under two names of one contributor, so writers are split by contributor.
DEVELOPMENT_CONTRIBUTORS = ("ced", "gmd", "val")  # never trained on, only evaluated
TRAINING_CONTRIBUTORS = ("aga", "apa", "apb", "app", "ibm", "imp", "syn", "uqb")
# Never trained on either: the numbers that the same writers wrote are for development.
RESERVED_CONTRIBUTORS = ("art",)
CONTRIBUTORS = tuple(
    sorted(DEVELOPMENT_CONTRIBUTORS + TRAINING_CONTRIBUTORS + RESERVED_CONTRIBUTORS)
)

_REMEDY = f"get {ORIGIN} and replace it"
_DIGITS = "data/1a"  # category 1a: isolated digits
# An archive may have its files in further folders.
_SELECT = re.compile(rf"(?:.*?/)??((?:{_DIGITS}|{INCLUDE_FOLDER})/(?:{'|'.join(CONTRIBUTORS)})/.+)")


def load(directory: Path | None = None, with_excluded: bool = False) -> Traces:
    """Load the digits of the twelve contributors, ordered by file.

    directory      where the archive or its folder is; see folders.search_paths()
    with_excluded  whether to include the mislabeled and cut digits of unipen_exclusions
    returns        Traces; a writer is "CONTRIBUTOR/ID", in lower case, such as "ced/aaaa9018"
    raises         DataError if the digits are missing, or not as they were published
    source         I. Guyon, L. Schomaker, R. Plamondon, M. Liberman, S. Janet, "UNIPEN project of
                   on-line data exchange and recognizer benchmarks", ICPR 1994
    """
    paths = folders.search_paths(directory)
    path = find(paths)
    if path is None:
        raise DataError(missing_message(paths))
    digits = read_digits(path)
    if segments_sha256(digits) != DIGITS_SHA256:
        raise DataError(
            f"{path} is damaged or is a different version (the SHA-256 of its digits should be "
            f"{DIGITS_SHA256}): {_REMEDY}."
        )
    digits = [
        (file, segment)
        for file, segment in digits
        if with_excluded or not is_excluded(file, segment.extent)
    ]
    return Traces(
        [segment.strokes for _, segment in digits],
        np.array([int(segment.label) for _, segment in digits], np.uint8),
        np.array([f"{file.partition('/')[0]}/{segment.writer}" for file, segment in digits]),
        {FOLDER: DIGITS_SHA256},
    )


def find(paths: Sequence[Path]) -> Path | None:
    """Return the path of the archive, its excerpt or its folder, where it is found first."""
    for folder in paths:
        for name in (EXCERPT, ARCHIVE):
            if (folder / name).is_file():
                return folder / name
        for path in (folder / FOLDER, folder):
            if (path / _DIGITS).is_dir():
                return path
    return None


def missing_message(paths: Sequence[Path]) -> str:
    """Return a sentence saying that the archive is missing, where to get it and where to put it."""
    missing = folders.missing_files_message(paths, [ARCHIVE])
    return f"{missing}: get {ORIGIN} and copy it there, or unpack it there as {FOLDER}."


def select_contributors(traces: Traces, contributors: Sequence[str]) -> Traces:
    """Return the digits of some of the contributors, in the same order."""
    contributor_of = [writer.partition("/")[0] for writer in traces.writers]
    return traces.take(np.isin(contributor_of, contributors))


def read_digits(path: Path) -> list[tuple[str, Segment]]:
    """Parse the digits in an archive or its folder, which are not verified.

    returns  for each digit the file that labels it, from its contributor on, and its segment
    raises   DataError if a file is missing or damaged
    """
    files = read_files(path, _select)
    labeled = sorted(name for name in files if name.startswith(_DIGITS))
    try:
        return [
            (name.removeprefix(f"{_DIGITS}/"), segment)
            for name in labeled
            for segment in read_segments(name, files, labels="[0-9]")
        ]
    except DataError as error:
        reason = str(error).removesuffix(".")
        raise DataError(f"{path} is damaged ({reason}): {_REMEDY}.") from error


def segments_sha256(segments: Sequence[tuple[str, Segment]]) -> str:
    """Return the SHA-256 of everything that is used of digits or numbers."""
    digest = hashlib.sha256()
    for file, segment in segments:
        lengths = [len(stroke) for stroke in segment.strokes]
        names = f"{file} {segment.extent} {segment.label} {segment.writer}"
        digest.update(f"{names} {lengths}\n".encode())
        for stroke in segment.strokes:
            digest.update(stroke.astype("<f4").tobytes())
    return digest.hexdigest()


def read_files(path: Path, select: Callable[[str], str | None]) -> dict[str, bytes]:
    """Read some files of the archive, or of its folder.

    select   maps a path to the key of its file, or to None for a file that is left out
    raises   DataError if the archive is missing or damaged
    """
    if path.is_dir():
        return read_folder(path, select, _REMEDY)
    if path.name == EXCERPT:
        # An .xz file that is not known could exhaust the memory.
        folders.read_verified(path, EXCERPT_SIZE, EXCERPT_SHA256, _REMEDY)
    return read_tar(path, select, _REMEDY)


def _select(path: str) -> str | None:
    match = _SELECT.fullmatch(path.lower())
    return match and match[1]
