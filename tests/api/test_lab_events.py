"""Server-sent events of a run: what is sent when nothing happens, and at the end."""

import json
import math

import pytest

from inkdigits.api import lab_events
from inkdigits.api.lab_events import HEARTBEAT_S, EventStream
from inkdigits.lab import UnknownRun


class Lab:
    """Returns what it is given, one after the other, and raises what is an error."""

    def __init__(self, *polled):
        self.polled = list(polled)
        self.offsets = []

    def poll(self, name, offset):
        assert name == "run"
        self.offsets.append(offset)
        result = self.polled.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


NOTHING = ([], False)


def test_events_have_the_offset_after_them_and_the_next_are_read_from_there():
    lab = Lab(([(7, {"type": "step"}), (9, {"type": "epoch"})], False), NOTHING, ([], True))
    stream = EventStream(lab, "run", 3)
    assert stream().decode().split("\n\n") == [
        "retry: 1000",
        'id: 7\ndata: {"type":"step"}',
        'id: 9\ndata: {"type":"epoch"}',
        "",
    ]
    assert stream() == b""
    assert stream() == b'event: end\ndata: {"type": "end"}\n\n'
    assert stream() is None
    assert lab.offsets == [3, 9, 9]


def test_silence_is_broken_by_comments(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(lab_events.time, "monotonic", lambda: now[0])
    stream = EventStream(Lab(*[NOTHING] * 5), "run", 0)
    sent = []
    for now[0] in (0.0, 1.0, HEARTBEAT_S + 1, HEARTBEAT_S + 2, 2 * HEARTBEAT_S + 2):
        sent.append(stream())
    assert sent == [b"retry: 1000\n\n", b"", b":\n\n", b"", b":\n\n"]


def test_events_are_json_although_a_network_diverges():
    event = {"type": "step", "loss": math.nan, "text": "a\n\nid: 5\ndata: b"}
    lines = EventStream(Lab(([(1, event)], False)), "run", 0)().decode().splitlines()
    assert [line.partition(":")[0] for line in lines if line] == ["retry", "id", "data"]
    assert json.loads(lines[-2].removeprefix("data: ")) == event | {"loss": None}


def test_stream_of_a_deleted_run_ends_and_one_of_an_unknown_run_does_not_begin():
    stream = EventStream(Lab(NOTHING, UnknownRun()), "run", 0)
    stream()
    assert stream().startswith(b"event: end\n")
    assert stream() is None
    with pytest.raises(UnknownRun):
        EventStream(Lab(UnknownRun()), "run", 0)()
