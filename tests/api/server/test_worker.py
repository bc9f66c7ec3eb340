"""The set-up of a worker: its log."""

import io
import json
import logging
from contextlib import redirect_stdout

import pytest
import structlog

from inkdigits.api.server.worker import configure_log


class Recorder(io.StringIO):
    """A standard output that knows what each write brought."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, text):
        self.writes.append(text)
        return super().write(text)


@pytest.fixture(autouse=True)
def log_as_before():
    yield
    structlog.reset_defaults()


def logged(level, *events):
    """Log events at a level each; give what each write to standard output brought."""
    with redirect_stdout(Recorder()) as recorder:
        configure_log(level)
        for at, event in events:
            structlog.get_logger().log(at, event)
    return recorder.writes


def test_a_line_of_the_log_is_one_write_so_that_no_other_process_comes_between():
    [line] = logged("info", (logging.INFO, "a\nb"))
    assert line.endswith("}\n")
    assert json.loads(line)["event"] == "a\nb"


def test_what_is_under_the_level_of_the_log_is_left_out():
    lines = logged(
        "warning", (logging.INFO, "ready"), (logging.WARNING, "slow"), (logging.ERROR, "failed")
    )
    assert [json.loads(line)["event"] for line in lines] == ["slow", "failed"]
