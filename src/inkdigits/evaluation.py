"""How well a model recognizes the digits of people whom no recipe trains on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels
from inkdigits.data import development
from inkdigits.metrics import (
    ByWriter,
    WriterAccuracy,
    measure,
    measure_by_writer,
    rank_writers,
)
from inkdigits.recognizer import BatchPrediction, Recognizer

MIN_DIGITS = 20  # by a writer who is ranked
WORST_WRITERS = 5  # of each source


@dataclass(frozen=True)
class WriterMetrics:
    """Metrics on the writers of one source.

    total          number of digits
    answered       how many of them are accepted and right
    rejected       how many are rejected as not a digit
    by_writer      accuracy of the most likely digit, even if it is rejected
    worst_writers  share of accepted and right digits by writer: the lowest ones, lowest first, of
                   writers with at least MIN_DIGITS digits
    """

    total: int
    answered: int
    rejected: int
    log_loss: float
    brier: float
    by_writer: ByWriter
    worst_writers: tuple[WriterAccuracy, ...]


def evaluate_writers(
    recognizer: Recognizer, data_dir: Path | None = None
) -> dict[str, WriterMetrics]:
    """Evaluate a model on the writers that no recipe trains on.

    data_dir  where the files are; see folders.search_paths()
    returns   the metrics by source, for the sources whose files are there
    raises    DataError if a file is damaged
    """
    sources = {}
    for name, traces in development.load(data_dir).items():
        digits = development.render(traces, recognizer.preprocess_ink)
        batch = recognizer.predict_batch(digits.images)
        sources[name] = measure_writers(batch, digits.labels, np.asarray(digits.writers))
    return sources


def measure_writers(batch: BatchPrediction, labels: Labels, writers: NDArray[Any]) -> WriterMetrics:
    """Compute the metrics of a model's predictions.

    batch    of N images
    labels   int (N,)
    writers  int or str (N,), who wrote each digit
    """
    metrics = measure(batch.probabilities, labels)
    right = batch.probabilities.argmax(axis=1) == labels
    answered = right & ~batch.rejected
    return WriterMetrics(
        total=len(labels),
        answered=int(answered.sum()),
        rejected=int(batch.rejected.sum()),
        log_loss=metrics.log_loss,
        brier=metrics.brier,
        by_writer=measure_by_writer(right, writers),
        worst_writers=rank_writers(answered, writers, MIN_DIGITS)[:WORST_WRITERS],
    )


def summarize(sources: Mapping[str, WriterMetrics]) -> dict[str, dict[str, Any]]:
    """Return what a model file records of the metrics of each source, as JSON values.

    writers, digits     their numbers
    answered, rejected  shares of the digits: accepted and right, and rejected
    worst_writer        the lowest share of a writer's digits that is accepted and right; None if no
                        writer has enough digits
    """
    return {
        name: {
            "writers": len(metrics.by_writer.writers),
            "digits": metrics.total,
            "answered": metrics.answered / metrics.total,
            "rejected": metrics.rejected / metrics.total,
            "worst_writer": metrics.worst_writers[0].accuracy if metrics.worst_writers else None,
        }
        for name, metrics in sources.items()
    }
