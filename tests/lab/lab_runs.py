"""Helpers for the tests of the lab."""

from inkdigits.lab import LabOptions
from inkdigits.lab.events import read_events

IMAGES = 300
# Of 300 images 270 are trained on: an epoch has 17 steps.
STEPS = 17
OPTIONS = LabOptions(
    recipe="mlp", hidden=(8,), data="digits.npz", epochs=2, batch_size=16, augment="none"
)


def events_of(lab, name, *kinds):
    """Return all events of some kinds, or of any."""
    events = [event for _, event in read_events(lab.folder / name, 0)]
    return [event for event in events if not kinds or event["type"] in kinds]
