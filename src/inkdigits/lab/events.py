"""The events of a run: one JSON object a line, appended to a file."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from inkdigits.lab.files import read_json, write_json
from inkdigits.storage.files import FileError, open_to_append, read_part

EVENTS, PICTURE = "events.jsonl", "picture.json"
POLL_SECONDS = 0.1
READ_BYTES = 2**20  # at a time

EventType: TypeAlias = Literal[
    "state", "step", "epoch", "picture", "gradient", "changed", "message"
]
# {"type": EventType, "step": steps done, "time": seconds since 1970, ...}, and by type:
#
# state     state: State; message: str; steps, epochs: int
# step      loss, accuracy: of the current epoch so far; recent_loss, recent_accuracy: of the
#           steps since the last event of a step; learning_rate; images_per_second;
#           seconds_left: float | None
# epoch     epoch, loss, accuracy, validation_loss, validation_accuracy, learning_rate, seconds,
#           images_per_second: a training.Record
# picture   weights: {layer, type, shape: [height, width], scale: [largest magnitude of each unit],
#             values: base64 of int8 (units, height, width), 127 is the unit's scale};
#           histograms: [{layer, type, weights: {edges, counts}, gradients: the same}];
#           drawing: {digit, label, reason, confidence, probabilities: [...]} | None
# gradient  layer, name, index: [...]; backpropagated, numerical, difference: float;
#           loss: float, weight: float, epsilon: float
# changed   setting: "learning_rate" | "epochs" | "rewind" | "early_stopping"; before, after
# message   text: progress of preparing the data; total, done: int | None
Event: TypeAlias = dict[str, Any]


class EventLog:
    """Appends the events of a run. The content of pictures is kept only of the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / EVENTS
        self._file = open_to_append(self._path)
        if self._file.tell():
            self._file.write(b"\n")  # ends what a killed process has left; empty lines are skipped

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return self._file.tell()

    def is_deleted(self) -> bool:
        """Whether its file is no longer the one in the folder, which may be another run's now."""
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except OSError:
            return True

    def add(self, kind: EventType, step: int, **content: Any) -> None:
        """Append an event; raise OSError."""
        event = {"type": kind, "step": step, "time": round(time.time(), 3), **content}
        if kind == "picture":
            write_json(self._folder / PICTURE, event)
            event = {name: event[name] for name in ("type", "step", "time")}
        self._file.write(json.dumps(event).encode() + b"\n")


def last_picture(folder: Path) -> Event | None:
    """Return the last event "picture" of a run with its content, if there is one."""
    picture = read_json(folder / PICTURE, None)
    return picture if isinstance(picture, dict) else None


def end_of_events(folder: Path) -> int:
    """Return the offset after the last event."""
    try:
        return (folder / EVENTS).stat().st_size
    except OSError:
        return 0


def read_events(folder: Path, offset: int) -> list[tuple[int, Event]]:
    """Read the events after an offset, some at a time.

    offset   0, or one that was returned with an event; from any other, the next whole event is read
    returns  events, each with the offset after it; of the pictures only the last, if it is the last
             that was made
    """
    try:
        start, data = read_part(folder / EVENTS, offset, READ_BYTES)
    except FileError:
        return []
    events: list[tuple[int, Event]] = []
    for line in data.splitlines(keepends=True):
        start += len(line)
        if not line.endswith(b"\n"):
            break  # which is still being written
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("type"), str):
            events.append((start, event))
    return _with_pictures(folder, events)


def _with_pictures(folder: Path, events: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Fill in the last picture's content, and leave out the others."""
    if not any(event["type"] == "picture" for _, event in events):
        return events
    picture = last_picture(folder)
    times = picture and picture.get("time")
    return [
        (offset, picture if picture and event["type"] == "picture" else event)
        for offset, event in events
        if event["type"] != "picture" or event.get("time") == times
    ]


def follow(
    folder: Path,
    offset: int,
    is_over: Callable[[], bool],
    stopped: Callable[[], bool],
    idle_seconds: float,
) -> Iterator[tuple[int, Event | None]]:
    """Yield events as they are written: see `Lab.events`."""
    idle_since = time.monotonic()
    while not stopped():
        over = is_over()  # before reading, so that no last event is missed
        events = read_events(folder, offset)
        for offset, event in events:
            yield offset, event
        now = time.monotonic()
        if events:
            idle_since = now
            continue
        if over:
            return
        if now - idle_since >= idle_seconds:
            idle_since = now
            yield offset, None
        time.sleep(POLL_SECONDS)
