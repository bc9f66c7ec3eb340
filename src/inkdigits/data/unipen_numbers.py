"""Load the handwritten numbers of UNIPEN's train_r01_v07: category 7, isolated words of digits.

Seven contributors have 607 of them, of 2 to 8 digits; many join their digits, as in a word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inkdigits.arrays import Array
from inkdigits.data import folders, unipen
from inkdigits.data.folders import DataError
from inkdigits.data.unipen_format import INCLUDE_FOLDER, Segment, read_segments

DEVELOPMENT_CONTRIBUTORS = ("apc", "art", "att", "hpp")  # never trained on, only evaluated
TRAINING_CONTRIBUTORS = ("apd", "ape", "sta")
NUMBERS_SHA256 = (
    "ec34c2a7a51aed2036d70797990821fbaff099113baff344f11d2c14842671e6"  # of the parsed numbers
)

_NUMBERS = "data/7"
_CONTRIBUTORS = "|".join(DEVELOPMENT_CONTRIBUTORS + TRAINING_CONTRIBUTORS)
_SELECT = re.compile(rf"(?:.*?/)??((?:{_NUMBERS}|{INCLUDE_FOLDER})/(?:{_CONTRIBUTORS})/.+)")


@dataclass(frozen=True, eq=False)
class NumberTrace:
    """A number as it was written.

    strokes  each float32 (M, 2), x and y downwards
    writer   "CONTRIBUTOR/ID", in lower case
    """

    strokes: Sequence[Array]
    text: str
    writer: str


def load(contributors: Sequence[str], directory: Path | None = None) -> list[NumberTrace]:
    """Load the numbers of some contributors, ordered by file.

    directory  where the archive or its folder is; see folders.search_paths()
    raises     DataError if the numbers are missing, or not as they were published
    """
    paths = folders.search_paths(directory)
    path = unipen.find(paths)
    if path is None:
        raise DataError(unipen.missing_message(paths))
    numbers = read_numbers(path)
    if unipen.segments_sha256(numbers) != NUMBERS_SHA256:
        raise DataError(
            f"{path} is damaged or is a different version (the SHA-256 of its numbers should be "
            f"{NUMBERS_SHA256}): get {unipen.ORIGIN} and replace it."
        )
    found = []
    for file, segment in numbers:
        contributor = file.partition("/")[0]
        if contributor in contributors:
            writer = f"{contributor}/{segment.writer}"
            found.append(NumberTrace(segment.strokes, segment.label, writer))
    return found


def read_numbers(path: Path) -> list[tuple[str, Segment]]:
    """Parse the numbers in an archive or its folder, which are not verified.

    returns  for each number the file that labels it, from its contributor on, and its segment
    raises   DataError if a file is missing or damaged
    """
    files = unipen.read_files(path, _select)
    labeled = sorted(name for name in files if name.startswith(_NUMBERS))
    return [
        (name.removeprefix(f"{_NUMBERS}/"), segment)
        for name in labeled
        for segment in read_segments(name, files, labels="[0-9]{2,}")
    ]


def _select(path: str) -> str | None:
    match = _SELECT.fullmatch(path.lower())
    return match and match[1]
