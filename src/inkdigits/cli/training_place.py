"""Where a training run computes: in this process, or over the workers of a Ray cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from inkdigits import training
from inkdigits.cli.training_progress import Fit


@dataclass(frozen=True)
class TrainingPlace:
    """How to train somewhere.

    fit          takes the place of `training.fit`
    description  what a run's settings record about the place, as JSON values
    """

    fit: Fit = training.fit
    description: dict[str, Any] = field(default_factory=dict)


@contextmanager
def training_on(on: str | None, workers: int | None, console: Console) -> Iterator[TrainingPlace]:
    """Connect to a cluster for as long as the context lasts; without `on`, do nothing.

    on       the address of a cluster, or None
    workers  of the cluster; None is one for each of its CPUs
    raises   ScaleError
    """
    if on is None:
        yield TrainingPlace()
        return
    from inkdigits.scale.cluster import connected
    from inkdigits.scale.training import ClusterTraining

    def warn(message: str) -> None:
        console.print(message, style="yellow")

    with connected(on) as cluster:
        cluster_training = ClusterTraining(cluster, workers, warn)
        yield TrainingPlace(cluster_training.fit, {"workers": cluster_training.workers})
