"""Learning rate schedules: step number -> learning rate."""

import math
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    """A learning rate for each step."""

    def __call__(self, step: int, steps: int) -> float:
        """Return the learning rate of step number `step`, from 0, of `steps`; a Python float."""


@dataclass(frozen=True)
class Constant:
    """The same learning rate throughout."""

    rate: float

    def __call__(self, step: int, steps: int) -> float:
        """Return the rate."""
        return self.rate


@dataclass(frozen=True)
class Cosine:
    """Decay from the peak to almost zero along half a cosine, after an optional linear warm-up.

    No recipe uses it; docs/how-it-works.md compares it with the others.

    peak     the highest rate
    warm_up  share of the steps in which the rate grows linearly to the peak
    source   Loshchilov and Hutter 2017, SGDR, equation 5, without restarts
    """

    peak: float
    warm_up: float = 0.0

    def __call__(self, step: int, steps: int) -> float:
        """Return the rate."""
        warm_up_steps = self.warm_up * steps
        if step < warm_up_steps:
            return self.peak * (step + 1) / math.ceil(warm_up_steps)
        return _half_cosine(self.peak, 0.0, (step - warm_up_steps) / (steps - warm_up_steps))


@dataclass(frozen=True)
class OneCycle:
    """Grow from a small rate to the peak, then decay to almost zero, both along half a cosine.

    peak     the highest rate
    rise     share of the steps in which the rate grows
    start    first rate, as a share of the peak
    end      rate that one step after the last would have, as a share of the peak
    source   Smith and Topin 2019, Super-Convergence
    """

    peak: float
    rise: float = 0.25
    start: float = 0.04
    end: float = 0.001

    def __call__(self, step: int, steps: int) -> float:
        """Return the rate."""
        top = self.rise * steps
        if step < top:
            return _half_cosine(self.start * self.peak, self.peak, step / top)
        return _half_cosine(self.peak, self.end * self.peak, (step - top) / (steps - top))


def _half_cosine(first: float, last: float, progress: float) -> float:
    """Go from `first` at progress 0 to `last` at progress 1, flat at both ends."""
    return last + (first - last) * (1 + math.cos(math.pi * progress)) / 2
