"""What a run tells of itself."""

import numpy as np

from inkdigits.lab.events import read_events
from inkdigits.lab.files import Status
from inkdigits.lab.reporter import Reporter
from inkdigits.training import Step, Tally, TrainState


def test_state_names_the_last_step_although_not_every_step_has_an_event(tmp_path):
    reporter = Reporter(tmp_path, Status("training", steps=1000))
    params, rng = np.zeros(3, np.float32), np.random.default_rng(0)
    for number in range(200):
        tally = Tally(examples=16 * (number + 1), loss=1.0, seconds=1.0)
        state = TrainState(params, params[None], params, rng, number + 1, tally)
        reporter.step(Step(number, 16, 1.0, 8, 0.1, params), state, seconds=0.0)
    reporter.state("paused")
    reporter.close()
    told = [event for _, event in read_events(tmp_path, 0)]
    assert sum(event["type"] == "step" for event in told) < 200
    assert (told[-1]["type"], told[-1]["step"]) == ("state", 200)
