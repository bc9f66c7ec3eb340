"""What was changed when: which changes count, and the schedule that they give."""

import pytest

from inkdigits.changes import (
    EPOCHS,
    LEARNING_RATE,
    REWIND,
    Change,
    changed_schedule,
    changes_to_json,
    parse_changes,
    value_at,
    with_change,
)
from inkdigits.nn.schedules import Constant, Cosine, OneCycle


def changed(*changes):
    """Make changes one after the other."""
    done = []
    for change in changes:
        done = with_change(done, Change(*change))
    return [(change.step, change.setting, change.before, change.after) for change in done]


def test_only_changes_with_an_effect_are_kept():
    assert changed((3, LEARNING_RATE, 0.1, 0.2), (3, LEARNING_RATE, 0.2, 0.3)) == [
        (3, LEARNING_RATE, 0.1, 0.3)
    ]
    assert changed((3, LEARNING_RATE, 0.1, 0.2), (3, LEARNING_RATE, 0.2, 0.1)) == []
    # A later change of a run that is repeated gives way to one that is made by hand.
    assert changed((9, LEARNING_RATE, 0.1, 0.2), (3, LEARNING_RATE, 0.1, 0.3)) == [
        (3, LEARNING_RATE, 0.1, 0.3)
    ]
    assert changed((3, LEARNING_RATE, 0.1, 0.2), (9, EPOCHS, 2, 3)) == [
        (3, LEARNING_RATE, 0.1, 0.2),
        (9, EPOCHS, 2, 3),
    ]


def test_rewinding_takes_back_what_was_changed_since():
    assert changed(
        (2, LEARNING_RATE, 0.1, 0.2),
        (5, LEARNING_RATE, 0.2, 0.3),
        (6, EPOCHS, 2, 3),
        (8, REWIND, 8, 5),
        (6, LEARNING_RATE, 0.2, 0.4),
    ) == [
        (2, LEARNING_RATE, 0.1, 0.2),
        (8, REWIND, 8, 5),
        (6, LEARNING_RATE, 0.2, 0.4),
    ]


def test_changes_have_a_limit():
    changes = []
    for step in range(1000):
        changes = with_change(changes, Change(step, LEARNING_RATE, 0.1 + step, 1.1 + step))
    with pytest.raises(ValueError, match="at most 1,000"):
        with_change(changes, Change(1000, LEARNING_RATE, 0.1, 0.2))


def test_value_before_between_and_after_changes():
    changes = [Change(3, EPOCHS, 2, 4), Change(7, EPOCHS, 4, 6)]
    assert [value_at(changes, EPOCHS, step, 9) for step in (0, 2, 3, 6, 7, None)] == [
        *(2, 2, 4, 4, 6, 6),
    ]
    assert value_at(changes, LEARNING_RATE, 3, 0.5) == 0.5


@pytest.mark.parametrize(
    "schedule", [Constant(0.1), Cosine(0.1, 0.2), OneCycle(0.1)], ids=lambda s: type(s).__name__
)
def test_changed_schedule_is_that_of_each_part(schedule):
    changes = [Change(5, LEARNING_RATE, 0.1, 0.4), Change(12, EPOCHS, 2, 3)]
    now = changed_schedule(schedule, changes, 10)
    higher = type(schedule)(0.4, *list(vars(schedule).values())[1:])
    # The last argument is what training passes: the number of steps at the end.
    assert [now(step, 30) for step in range(5)] == [schedule(step, 20) for step in range(5)]
    assert [now(step, 30) for step in range(5, 12)] == [higher(step, 20) for step in range(5, 12)]
    assert [now(step, 30) for step in range(12, 30)] == [higher(step, 30) for step in range(12, 30)]


def test_schedule_without_changes_is_the_same():
    schedule = OneCycle(0.1)
    assert changed_schedule(schedule, [Change(8, REWIND, 8, 5)], 10) is schedule


def test_changes_are_read_as_they_were_written():
    changes = [Change(8, REWIND, 8, 5), Change(9, LEARNING_RATE, 0.1, 0.2), Change(9, EPOCHS, 2, 3)]
    assert parse_changes(changes_to_json(changes)) == changes
    assert changes_to_json([]) == {}
    assert parse_changes({}) == []


def test_changes_of_older_runs_are_read():
    old = {"epochs_changed": [{"step": 3, "before": 2, "after": 4}]}
    assert parse_changes(old) == [Change(3, EPOCHS, 2, 4)]
