"""Learning-rate schedules against values computed by hand."""

from math import cos, pi, sqrt

import numpy as np
import pytest

from inkdigits.nn.schedules import Constant, Cosine, OneCycle

EVERY = [
    Constant(0.1),
    Cosine(peak=0.5),
    Cosine(peak=0.5, warm_up=0.25),
    Cosine(peak=0.5, warm_up=0.07),
    OneCycle(peak=0.5),
    OneCycle(peak=0.5, rise=0.37),
    OneCycle(peak=0.5, rise=0.0),
    OneCycle(peak=0.5, rise=1.0),
]
each_schedule = pytest.mark.parametrize("schedule", EVERY, ids=repr)
each_length = pytest.mark.parametrize("steps", [1, 2, 7, 100])


def rates(schedule, steps):
    return [schedule(step, steps) for step in range(steps)]


@each_schedule
@each_length
def test_rate_is_a_python_float(schedule, steps):
    assert {type(rate) for rate in rates(schedule, steps)} == {float}


@each_schedule
@each_length
def test_rate_rises_then_falls_and_stays_positive(schedule, steps):
    curve = np.array(rates(schedule, steps))
    top = int(curve.argmax())
    assert (np.diff(curve[: top + 1]) >= 0).all()
    assert (np.diff(curve[top:]) <= 0).all()
    assert curve.min() > 0


def test_constant_rate_never_changes():
    assert rates(Constant(0.001), 4) == [0.001, 0.001, 0.001, 0.001]


def test_cosine_decays_from_the_peak_along_half_a_cosine():
    expected = [1, (1 + sqrt(0.5)) / 2, 0.5, (1 - sqrt(0.5)) / 2]
    assert rates(Cosine(peak=2.0), 4) == pytest.approx([2 * share for share in expected])


def test_cosine_warms_up_linearly_to_the_peak():
    # Four of eight steps warm up, and the decay begins at the peak.
    expected = [0.5, 1, 1.5, 2, 2, 1 + sqrt(0.5), 1, 1 - sqrt(0.5)]
    assert rates(Cosine(peak=2.0, warm_up=0.5), 8) == pytest.approx(expected)


def test_cosine_reaches_the_peak_if_the_warm_up_ends_between_two_steps():
    # The warm-up takes 2.5 of ten steps, so three; by then the decay has advanced half a step.
    expected = [1 / 3, 2 / 3, 1, (1 + cos(pi / 15)) / 2]
    assert rates(Cosine(peak=1.0, warm_up=0.25), 10)[:4] == pytest.approx(expected)


def test_one_cycle_rises_and_falls_along_half_cosines():
    # From 0.2 up to 2 in two steps, then down towards 0.02, one step short of it.
    schedule = OneCycle(peak=2.0, rise=1 / 3, start=0.1, end=0.01)
    down = [0.02 + 1.98 * (1 + share) / 2 for share in (1, sqrt(0.5), 0, -sqrt(0.5))]
    assert rates(schedule, 6) == pytest.approx([0.2, 1.1, *down])


def test_one_cycle_rises_for_a_quarter_by_default():
    curve = rates(OneCycle(peak=0.1), 1000)
    assert curve[0] == pytest.approx(0.004)
    assert curve.index(max(curve)) == 250
    assert curve[250] == 0.1
    assert curve[-1] == pytest.approx(0.0001, rel=0.01)
