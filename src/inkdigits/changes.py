"""What was changed while a run trained, and when; with it, the run can be repeated bit by bit.

A run's settings list the changes in order, as JSON:

{"step": 300, "setting": "learning_rate", "before": 0.004, "after": 0.001}

step     the first step that the change affects
setting  "learning_rate", the highest one of the schedule; "epochs"; or "rewind", which went back
         from the step `before` to the checkpoint of the step `after`

Only changes that affect the weights are listed, and every rewind. Rewinding takes back what was
changed since the checkpoint was written.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inkdigits.dataclass_json import MAX_EXACT_INTEGER
from inkdigits.nn.schedules import Schedule
from inkdigits.recipe_check import RANGES, RATE
from inkdigits.recipes import Recipe, with_learning_rate

EPOCHS, LEARNING_RATE, REWIND = "epochs", "learning_rate", "rewind"
MAX_CHANGES = 1000
EPOCHS_ALLOWED = RANGES[Recipe]["epochs"]


@dataclass(frozen=True)
class Change:
    """See the module's docstring."""

    step: int
    setting: str
    before: float
    after: float


def parse_changes(settings: dict[str, Any]) -> list[Change]:
    """Read the changes in a run's settings.

    raises   ValueError if they are not what `changes_to_json` writes
    """
    # Before version 0.2, only the number of epochs could change, in a list of its own.
    listed = [
        {"setting": EPOCHS, **change} if isinstance(change, dict) else change
        for change in _list(settings.get("epochs_changed", []))
    ]
    changes = [_parse(change) for change in listed + _list(settings.get("changes", []))]
    if len(changes) > MAX_CHANGES:
        raise ValueError("there are too many")
    return changes


def changes_to_json(changes: Sequence[Change]) -> dict[str, Any]:
    """Return the part of a run's settings that lists the changes; empty if there are none."""
    return {"changes": [asdict(change) for change in changes]} if changes else {}


def with_change(changes: Sequence[Change], change: Change) -> list[Change]:
    """Add a change; those that it makes ineffective are left out.

    raises   ValueError if there would be too many
    """
    is_rewind = change.setting == REWIND
    first = change.after if is_rewind else change.step
    undone = (EPOCHS, LEARNING_RATE) if is_rewind else (change.setting,)
    kept, before = [], change.before
    for other in reversed(changes):
        if other.setting in undone and other.step >= first:
            before = other.before
        else:
            kept.append(other)
    kept.reverse()
    if is_rewind:
        kept.append(change)
    elif before != change.after:
        kept.append(Change(change.step, change.setting, before, change.after))
    if len(kept) > MAX_CHANGES:
        raise ValueError(f"at most {MAX_CHANGES:,} changes can be recorded")
    return kept


def value_at(changes: Sequence[Change], setting: str, step: int | None, value: float) -> float:
    """Return the value that a setting has at a step; at the end, if the step is None.

    value    without changes
    """
    relevant = [change for change in changes if change.setting == setting]
    if relevant:
        value = relevant[0].before
    for change in relevant:
        if step is None or change.step <= step:
            value = change.after
    return value


@dataclass(frozen=True)
class ChangedSchedule:
    """A schedule whose highest rate, or whose length, is changed at some steps."""

    schedule: Schedule
    changes: tuple[Change, ...]
    steps_per_epoch: int

    def __call__(self, step: int, steps: int) -> float:
        """Return the rate."""
        schedule = self.schedule
        rate = value_at(self.changes, LEARNING_RATE, step, 0.0)
        if rate:
            schedule = with_learning_rate(schedule, rate)
        epochs = value_at(self.changes, EPOCHS, step, 0)
        return schedule(step, int(epochs) * self.steps_per_epoch if epochs else steps)


def changed_schedule(
    schedule: Schedule, changes: Sequence[Change], steps_per_epoch: int
) -> Schedule:
    """Return the schedule of a run with changes."""
    effective = tuple(change for change in changes if change.setting != REWIND)
    return ChangedSchedule(schedule, effective, steps_per_epoch) if effective else schedule


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("they are not a list")
    return value


def _parse(value: Any) -> Change:
    """Make a change from JSON; raise ValueError if any of it is wrong."""
    if not isinstance(value, dict) or value.keys() != {"step", "setting", "before", "after"}:
        raise ValueError("a field is missing or unknown")
    change = Change(**value)
    if not _is_count(change.step):
        raise ValueError("a step is wrong")
    values = change.before, change.after
    match change.setting:
        case "epochs":
            valid = all(_is_count(epochs) and epochs in EPOCHS_ALLOWED for epochs in values)
        case "learning_rate":
            valid = all(type(rate) is float and rate in RATE for rate in values)
        case "rewind":
            valid = all(_is_count(step) for step in values) and values[0] >= values[1]
        case _:
            raise ValueError("a setting is unknown")
    if not valid:
        raise ValueError("a value is wrong")
    return change


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_EXACT_INTEGER
