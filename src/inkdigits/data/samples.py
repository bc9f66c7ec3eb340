"""Samples of one person's digits: what a personal model is fitted to."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from inkdigits.arrays import Array, Pixels
from inkdigits.imaging.strokes import MAX_PX

# Where a sample is from: drawn as asked, an image that was added, a correction of a prediction,
# or a digit of a number or of a form that a person has corrected.
Source: TypeAlias = Literal["drawn", "image", "correction", "number", "form"]
SOURCES: tuple[Source, ...] = ("drawn", "image", "correction", "number", "form")

ID = re.compile("[0-9a-f]{32}")  # a sample's
# Limits of a profile, in a database and in an exported file.
MAX_SAMPLES = 2_000
MAX_STROKES = 200  # of a sample ...
MAX_POINTS = 20_000  # ... and points of all its strokes together: as in the service
MAX_COORDINATE = MAX_PX  # of a point, and of the width of a pen


@dataclass(frozen=True, eq=False)
class Stroke:
    """The path of a pen.

    points  float32 (M, 2), x and y of each point; y points down
    width   of the pen, in the unit of the points; None if it is not known
    """

    points: Array
    width: float | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """A digit that a person has written, and which one it is.

    seen           uint8 (28, 28), preprocessed
    label          0 to 9
    source         where it is from
    preprocessing  name of the preprocessing that made `seen` ...
    revision       ... and its revision
    strokes        how it was drawn, each with a point at least; None if it was not
    time           when it was added, with its time zone
    id             unique, 32 hexadecimal digits: the same sample added twice is one
    """

    seen: Pixels
    label: int
    source: Source = "image"
    preprocessing: str = "ink"
    revision: int = 0
    strokes: tuple[Stroke, ...] | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
