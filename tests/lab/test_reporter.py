"""What a run tells of itself."""

import numpy as np
import pytest

from inkdigits.lab.events import read_events
from inkdigits.lab.files import Status
from inkdigits.lab.reporter import Reporter
from inkdigits.training import Step, Tally, TrainState


def test_state_names_the_last_step_although_not_every_step_has_an_event(tmp_path):
    reporter = Reporter(tmp_path, Status("training", steps=1000))
    params, rng = np.zeros(3, np.float32), np.random.default_rng(0)
    losses = [float(number) for number in range(200)]
    for number, loss in enumerate(losses):
        tally = Tally(examples=16 * (number + 1), loss=1.0, seconds=1.0)
        state = TrainState(params, params[None], params, rng, number + 1, tally)
        reporter.step(Step(number, 16, loss, 8, 0.1, params), state, seconds=0.0)
    reporter.state("paused")
    reporter.close()
    told = [event for _, event in read_events(tmp_path, 0)]
    assert sum(event["type"] == "step" for event in told) < 200
    assert (told[-1]["type"], told[-1]["step"]) == ("state", 200)
    # A point of the curve is the mean of the steps since the last one.
    first = 0
    for event in told:
        if event["type"] == "step":
            assert event["recent_loss"] == pytest.approx(np.mean(losses[first : event["step"]]))
            assert event["recent_accuracy"] == 0.5
            first = event["step"]
