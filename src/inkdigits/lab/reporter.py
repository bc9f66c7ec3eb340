"""What the process of a run tells others, by files in the run's folder."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inkdigits.arrays import Array, Labels
from inkdigits.lab.curve import Curve
from inkdigits.lab.events import EventLog
from inkdigits.lab.files import Status, read_json, write_json
from inkdigits.lab.pictures import (
    DRAWING,
    histograms,
    predict_drawing,
    read_drawing,
    weight_pictures,
)
from inkdigits.lab.views import State
from inkdigits.recipes import Recipe
from inkdigits.training import Batches, Record, Step, TrainState

CURVE = "curve.json"
STEP_SECONDS = 0.2  # between events of steps ...
SLOWER_EVERY = 2**22  # ... and as much more for each so many bytes of events
PICTURE_SECONDS = 1.0
MESSAGE_SECONDS = 0.3
RECENT = 4  # batches


class RecentBatches:
    """Batches that remember the last ones."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._recent: deque[tuple[Array, Labels]] = deque(maxlen=RECENT)

    def __len__(self) -> int:
        return len(self._batches)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches of an epoch."""
        for batch in self._batches.epoch(number, first_step):
            self._recent.append(batch)
            yield batch

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the images of some batches."""
        return self._batches.sample(count)

    @property
    def last(self) -> tuple[Array, Labels]:
        """The last batch."""
        return self._recent[-1]

    @property
    def images(self) -> list[Array]:
        """The images of the last batches, or before the first of all of one."""
        return [x for x, _ in self._recent] or list(self.sample(1))


class Reporter:
    """Writes status, events, curve and pictures of one run; all methods raise OSError."""

    def __init__(self, folder: Path, status: Status) -> None:
        self._folder = folder
        self._log = EventLog(folder)
        self._curve = Curve()
        self._recent: list[Step] = []  # since the last event of a step
        self._step_due = self._picture_due = self._message_due = 0.0
        self._message_text = ""
        self._drawing_time = 0.0
        self.status = status

    def close(self) -> None:
        """Close the file of the events."""
        self._log.close()

    def is_deleted(self) -> bool:
        """Whether the run's folder was deleted; another run may have its name now."""
        return self._log.is_deleted()

    def update(self, **changes: Any) -> None:
        """Change fields of the status, which is written with the next state, step or epoch."""
        self.status = replace(self.status, **changes)

    def state(self, state: State, message: str = "") -> None:
        """Tell a new state."""
        self.update(state=state, message=message)
        self.status.write(self._folder)
        status = self.status
        totals = {"steps": status.steps, "epochs": status.epochs}
        self._log.add("state", status.step, state=state, message=message, **totals)

    def message(self, text: str, total: int | None = None, done: int | None = None) -> None:
        """Tell how far the preparation is; only some messages of the same text are written."""
        now = time.monotonic()
        if text == self._message_text and now < self._message_due and done != total:
            return
        self._message_text, self._message_due = text, now + MESSAGE_SECONDS
        self._log.add("message", self.status.step, text=text, total=total, done=done)

    def event(self, kind: Any, **content: Any) -> None:
        """Tell any other event."""
        self._log.add(kind, self.status.step, **content)

    def load_curve(self, step: int) -> None:
        """Continue the curve of a run that is continued."""
        self._curve = Curve.from_json(read_json(self._folder / CURVE, None))
        self.rewind(step)

    def rewind(self, step: int) -> None:
        """Forget what comes after a step."""
        self._curve.rewind(step)
        self._recent.clear()
        self.update(step=step)

    def step(self, step: Step, state: TrainState, seconds: float, *, now: bool = False) -> None:
        """Tell a step: at once, or when the next one is due.

        seconds  that training took before this epoch
        """
        self._curve.add(step)
        self._recent.append(step)
        self.update(step=state.step)  # of every step, because the next event may be another one
        clock = time.monotonic()
        if clock < self._step_due and not now:
            return
        self._step_due = clock + STEP_SECONDS * (1 + self._log.size // SLOWER_EVERY)
        tally = state.tally
        loss, accuracy = tally.loss / tally.examples, tally.correct / tally.examples
        steps_in_epoch = max(1, -(-tally.examples // step.examples))
        left = (self.status.steps - state.step) * tally.seconds / steps_in_epoch
        self.update(
            loss=loss,
            accuracy=accuracy,
            learning_rate=step.learning_rate,
            seconds=seconds + tally.seconds,
        )
        self._log.add(
            "step",
            state.step,
            loss=_short(loss),
            accuracy=_short(accuracy),
            **_means(self._recent),
            learning_rate=step.learning_rate,
            images_per_second=round(tally.examples / max(tally.seconds, 1e-9)),
            seconds_left=round(left, 1),
        )
        self._recent.clear()

    def epoch(self, record: Record, step: int, seconds: float) -> None:
        """Tell the end of an epoch."""
        self.update(
            step=step,
            epoch=record.epoch,
            loss=record.loss,
            accuracy=record.accuracy,
            validation_loss=record.validation_loss,
            validation_accuracy=record.validation_accuracy,
            learning_rate=record.learning_rate,
            seconds=seconds,
        )
        self._log.add("epoch", step, **asdict(record))
        self.flush()

    def flush(self) -> None:
        """Write the status and the curve."""
        self.status.write(self._folder)
        write_json(self._folder / CURVE, self._curve.to_json())

    def picture_is_due(self) -> bool:
        """Whether it is time for the next picture."""
        return time.monotonic() >= self._picture_due

    def drawing_has_changed(self) -> bool:
        """Whether there is another drawing than in the last picture."""
        return self._drawing_changed() != self._drawing_time

    def picture(
        self, recipe: Recipe, state: TrainState, batches: RecentBatches, last: Step | None
    ) -> None:
        """Tell what the network looks like now."""
        since = time.monotonic()
        self._drawing_time = self._drawing_changed()
        candidates = read_drawing(self._folder, recipe.preprocessing)
        drawing = None
        if candidates is not None:
            drawing = predict_drawing(recipe, state.ema, batches.images, candidates)
        self._log.add(
            "picture",
            state.step,
            weights=weight_pictures(recipe, state.params),
            histograms=histograms(recipe, state.params, last and last.gradient),
            drawing=drawing,
        )
        self.flush()
        # Pictures take a tenth of the time at most.
        now = time.monotonic()
        self._picture_due = now + max(PICTURE_SECONDS, 9 * (now - since))

    def _drawing_changed(self) -> float:
        try:
            return (self._folder / DRAWING).stat().st_mtime
        except OSError:
            return 0.0


def _means(steps: list[Step]) -> dict[str, float]:
    """Return the loss and the accuracy over some steps."""
    examples = sum(step.examples for step in steps)
    loss = sum(step.loss * step.examples for step in steps) / examples
    accuracy = sum(step.correct for step in steps) / examples
    return {"recent_loss": _short(loss), "recent_accuracy": _short(accuracy)}


def _short(value: float) -> float:
    return float(f"{value:.6g}")
