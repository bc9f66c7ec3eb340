"""The log of the server."""

import io
import json
import logging
from contextlib import redirect_stdout

import pytest
import structlog

from inkdigits.api.server.log import configure_log


class Recorder(io.StringIO):
    """A standard output that records each write."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, text):
        self.writes.append(text)
        return super().write(text)


@pytest.fixture(autouse=True)
def restore_log():
    yield
    structlog.reset_defaults()


def logged(level, *events):
    """Log each event at its level; return the writes to standard output."""
    with redirect_stdout(Recorder()) as recorder:
        configure_log(level)
        for at, event in events:
            structlog.get_logger().log(at, event)
    return recorder.writes


def test_log_line_is_a_single_write():
    [line] = logged("info", (logging.INFO, "a\nb"))
    assert line.endswith("}\n")
    assert json.loads(line)["event"] == "a\nb"


def test_log_level_filters_events():
    lines = logged(
        "warning", (logging.INFO, "ready"), (logging.WARNING, "slow"), (logging.ERROR, "failed")
    )
    assert [json.loads(line)["event"] for line in lines] == ["slow", "failed"]
