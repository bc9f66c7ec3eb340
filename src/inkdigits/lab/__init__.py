"""Training that is watched and steered: each run is a process of its own, in a run's folder."""

from inkdigits.lab.commands import COMMANDS, Command
from inkdigits.lab.errors import LabError, TooManyRuns, UnknownRun
from inkdigits.lab.events import Event
from inkdigits.lab.lab import Lab
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.options import LabOptions
from inkdigits.lab.views import (
    ACTIVE,
    Checkpoint,
    Confusion,
    CurvePoint,
    DataSource,
    RunDetail,
    RunSummary,
    ValidationDigit,
)

__all__ = [
    "ACTIVE",
    "COMMANDS",
    "Checkpoint",
    "Command",
    "Confusion",
    "CurvePoint",
    "DataSource",
    "Event",
    "Lab",
    "LabError",
    "LabLimits",
    "LabOptions",
    "RunDetail",
    "RunSummary",
    "TooManyRuns",
    "UnknownRun",
    "ValidationDigit",
]
