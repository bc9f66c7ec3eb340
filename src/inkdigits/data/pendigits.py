"""Load the Pendigits data set, pen trajectories of 30 writers.

MNIST was written by Americans. These writers, from Turkey, cross their sevens and write their ones
with an upstroke and a base.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from inkdigits.arrays import Array
from inkdigits.data import folders
from inkdigits.data.folders import DataError
from inkdigits.data.traces import Traces

NAME = "pendigits-orig.tra"
SIZE = 3641673  # bytes
SHA256 = "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4"
ORIGIN = (  # where to get it, as part of a sentence
    f"{NAME}.Z from the UCI repository (https://archive.ics.uci.edu/dataset/81, "
    '"Pen-Based Recognition of Handwritten Digits", license CC BY 4.0)'
)

TRAINING_WRITERS = range(1, 21)
DEVELOPMENT_WRITERS = range(21, 31)  # never trained on, only evaluated

# In file order, of the development writers. A person reads them as 2, not 3, and as 5, not 6.
MISLABELED = (1469, 5207)

TABLET_HEIGHT = 500  # in the units of the file, where y points up


def load(directory: Path | None = None, with_mislabeled: bool = False) -> Traces:
    """Load the 7,494 digits of all 30 writers, in file order, but for the two mislabeled ones.

    directory        where the file is; see folders.search_paths()
    with_mislabeled  whether to include these too
    raises           DataError if the file is missing or has the wrong hash
    source           F. Alimoglu, E. Alpaydin, "Methods of Combining Multiple Classifiers Based on
                     Different Representations for Pen-based Handwriting Recognition", TAINN 1996
    """
    paths = folders.search_paths(directory)
    path = folders.find_file(paths, NAME)
    if path is None:
        raise DataError(missing_message(paths))
    remedy = f"get {ORIGIN}, uncompress it and replace the file"
    content = folders.read_verified(path, SIZE, SHA256, remedy)
    traces = replace(read_unipen(content, NAME), hashes={NAME: SHA256})
    if with_mislabeled:
        return traces
    return traces.take(~np.isin(np.arange(len(traces)), MISLABELED))


def missing_message(paths: Sequence[Path]) -> str:
    """Return a sentence saying that the file is missing, where to get it and where to put it."""
    return (
        f"{folders.missing_files_message(paths, [NAME])}: get {ORIGIN}, uncompress it and copy it "
        f"there (a .gz is accepted too); its SHA-256 is {SHA256}."
    )


_HEAD = re.compile(rb"(?:\s|\.(?:INCLUDE|LEXICON|HIERARCHY)\s[^\n]*\n)*")
_STROKE = re.compile(rb"\.PEN_DOWN\n((?: *-?\d{1,5} +-?\d{1,5}\n)+)\.PEN_UP\n\.DT \d+\n")
_DIGIT = re.compile(
    rb' +\d+(?:-\d+)? \? "(?P<label>\d)"\n'
    rb"\.COMMENT (?P=label) +(?P<writer>\d{1,5}) +\d+\n"
    rb"(?P<strokes>(?:%s)+)\s*" % _STROKE.pattern
)


def read_unipen(data: bytes, name: str) -> Traces:
    """Parse digits in the subset of the UNIPEN format that Pendigits uses, strictly.

    data     a header, then for each digit: .SEGMENT with its label, .COMMENT with the label again,
             the writer and a number, and for each stroke .PEN_DOWN, a line with x and y, y upwards,
             for each point, .PEN_UP and .DT
    name     of the file, for error messages
    raises   DataError if a line is wrong, missing, or left over
    source   I. Guyon et al., "UNIPEN project of on-line data exchange and recognizer benchmarks",
             ICPR 1994
    """
    head, *segments = data.split(b".SEGMENT DIGIT")
    if not segments or not _HEAD.fullmatch(head):
        raise DataError(f"{name} is not a UNIPEN file of digits.")
    strokes, labels, writers = [], [], []
    for number, segment in enumerate(segments):
        digit = _DIGIT.fullmatch(segment)
        if digit is None:
            raise DataError(f"{name} is damaged at digit {number}, counted from 0.")
        strokes.append([_points(lines) for lines in _STROKE.findall(digit["strokes"])])
        labels.append(int(digit["label"]))
        writers.append(int(digit["writer"]))
    return Traces(strokes, np.array(labels, np.uint8), np.array(writers, np.int32))


def _points(lines: bytes) -> Array:
    points = np.array(lines.split(), np.float32).reshape(-1, 2)
    points[:, 1] = TABLET_HEIGHT - points[:, 1]
    return points
