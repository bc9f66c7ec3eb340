"""How large a step is at each moment of training: step number -> learning rate."""

import math
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    """A learning rate for each step."""

    def __call__(self, step: int, steps: int) -> float:
        """Learning rate of step number `step`, from 0, of `steps` in all; a Python float."""


@dataclass(frozen=True)
class Constant:
    """The same rate throughout."""

    rate: float

    def __call__(self, step: int, steps: int) -> float:
        """Give the rate."""
        return self.rate


@dataclass(frozen=True)
class Cosine:
    """Down from the peak to (almost) nothing along half a cosine, after an optional warm-up.

    peak     the highest rate
    warm_up  share of the steps that climb in a straight line to the peak
    source   Loshchilov and Hutter 2017, SGDR, equation 5, without restarts
    """

    peak: float
    warm_up: float = 0.0

    def __call__(self, step: int, steps: int) -> float:
        """Give the rate."""
        climb = self.warm_up * steps
        if step < climb:
            return self.peak * (step + 1) / math.ceil(climb)
        return _half_cosine(self.peak, 0.0, (step - climb) / (steps - climb))


@dataclass(frozen=True)
class OneCycle:
    """Up from a small rate to the peak, then down to almost nothing, both along half a cosine.

    peak     the highest rate
    rise     share of the steps that climb
    start    first rate, as a share of the peak
    end      rate that the fall heads for, one step after the last, as a share of the peak
    source   Smith and Topin 2019, Super-Convergence
    """

    peak: float
    rise: float = 0.25
    start: float = 0.04
    end: float = 0.001

    def __call__(self, step: int, steps: int) -> float:
        """Give the rate."""
        top = self.rise * steps
        if step < top:
            return _half_cosine(self.start * self.peak, self.peak, step / top)
        return _half_cosine(self.peak, self.end * self.peak, (step - top) / (steps - top))


def _half_cosine(first: float, last: float, progress: float) -> float:
    """Go from `first` at progress 0 to `last` at progress 1, level at both ends."""
    return last + (first - last) * (1 + math.cos(math.pi * progress)) / 2
