"""What is known of the trials of a sweep, and which is the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal, TypeAlias, get_args

from inkdigits.scale.search_space import Trial
from inkdigits.scale.sweep_trial import mean_accuracy
from inkdigits.training import Record

Outcome: TypeAlias = Literal["finished", "stopped", "diverged", "failed"]
OUTCOMES: Mapping[str, Outcome] = {name: name for name in get_args(Outcome)}
ENDED = ("finished", "stopped", "diverged")  # which a resumed sweep does not try again


@dataclass(frozen=True)
class Result:
    """What is known of a trial.

    outcome   None while it goes on
    cause     why it has failed
    runs      the records of each seed
    """

    trial: Trial
    outcome: Outcome | None
    cause: str
    runs: tuple[tuple[Record, ...], ...]

    @property
    def epochs(self) -> int:
        """How many epochs all seeds have done."""
        return min(map(len, self.runs), default=0)

    @property
    def curve(self) -> list[float]:
        """The mean accuracy over the seeds, on the validation images, after each epoch."""
        return [
            mean_accuracy(records) for records in list(zip(*self.runs, strict=False))[: self.epochs]
        ]

    @property
    def accuracies(self) -> list[float]:
        """The accuracy of each seed after the last epoch that all have done."""
        return [run[self.epochs - 1].validation_accuracy or 0.0 for run in self.runs if self.epochs]

    @property
    def accuracy(self) -> float | None:
        """The mean of `accuracies`; None before the first epoch."""
        return fmean(self.accuracies) if self.epochs else None

    @property
    def spread(self) -> float | None:
        """The standard deviation of `accuracies`; None with one seed."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None

    @property
    def loss(self) -> float | None:
        """The mean loss on the validation images after the last epoch."""
        losses = [run[self.epochs - 1].validation_loss or 0.0 for run in self.runs if self.epochs]
        return fmean(losses) if losses else None


def best_first(results: Sequence[Result]) -> list[Result]:
    """Sort trials: those that finished by accuracy and loss, then the others."""

    def key(result: Result) -> tuple[bool, float, float]:
        return result.outcome != "finished", -(result.accuracy or 0.0), result.loss or 0.0

    return sorted(results, key=key)
