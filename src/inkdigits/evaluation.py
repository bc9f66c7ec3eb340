"""How well a model recognizes images: of people whom no recipe trains on, or that a person has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels, Pixels, to_host
from inkdigits.calibration import HeldOut
from inkdigits.data import development, labeled
from inkdigits.data.labeled import LabeledImages
from inkdigits.metrics import (
    ByWriter,
    WriterAccuracy,
    measure,
    measure_by_writer,
    rank_writers,
)
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recognizer import Prediction, Recognizer

MIN_DIGITS = 20  # by a writer who is ranked
WORST_WRITERS = 5  # of each source


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model predicts for N images.

    probabilities   float64 (N, C)
    rejected        bool (N,)
    """

    probabilities: Array
    rejected: NDArray[np.bool_]


def predict_images(
    recognizer: Recognizer, data: LabeledImages, workers: int = 1
) -> tuple[Predictions, Pixels]:
    """Predict the images that a person has: files as for any user, arrays as in training.

    workers  processes that decode files
    returns  the predictions, and the preprocessed images, uint8 (N, 28, 28)
    raises   DataError if a file cannot be decoded; WorkerDied
    """
    if not data.are_files:
        pictures = labeled.preprocess(data, recognizer.model.preprocessing).images
        batch = recognizer.predict_batch(pictures)
        return Predictions(batch.probabilities, batch.rejected), pictures
    predictions = []
    results = recognizer.recognize_many((file.path for file in data.images), workers)
    for file, result in zip(data.images, results, strict=True):
        if not isinstance(result, Prediction):
            raise labeled.unusable(file, result)
        predictions.append(result)
    return _gather(predictions), np.stack([prediction.seen for prediction in predictions])


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
    candidates_from_ink = PREPROCESSORS[recognizer.model.preprocessing].candidates_from_ink
    sources = {}
    for name, traces in development.load(data_dir).items():
        digits, candidates = development.render_candidates(traces, candidates_from_ink)
        predictions = predict(recognizer, candidates)
        sources[name] = measure_writers(predictions, digits.labels, np.asarray(digits.writers))
    return sources


def predict(recognizer: Recognizer, images: Sequence[Pixels]) -> Predictions:
    """Predict images, each by the candidate that looks most like a digit.

    images   for each image its candidates, uint8 (K, 28, 28), the likeliest first
    """
    return _gather(recognizer.predict_candidates(images))


def _gather(predictions: Sequence[Prediction]) -> Predictions:
    return Predictions(
        probabilities=np.array([prediction.probabilities for prediction in predictions]),
        rejected=np.array([prediction.reason is not None for prediction in predictions]),
    )


def measure_writers(
    predictions: Predictions, labels: Labels, writers: NDArray[Any]
) -> WriterMetrics:
    """Compute the metrics of a model's predictions.

    labels    int (N,)
    writers   int or str (N,), who wrote each digit
    """
    metrics = measure(predictions.probabilities, labels)
    right = predictions.probabilities.argmax(axis=1) == labels
    answered = right & ~predictions.rejected
    return WriterMetrics(
        total=len(labels),
        answered=int(answered.sum()),
        rejected=int(predictions.rejected.sum()),
        log_loss=metrics.log_loss,
        brier=metrics.brier,
        by_writer=measure_by_writer(right, writers),
        worst_writers=rank_writers(answered, writers, MIN_DIGITS)[:WORST_WRITERS],
    )


def measure_held_out(recognizer: Recognizer, held_out: HeldOut) -> WriterMetrics | None:
    """Evaluate a model on digits that were held out of its training.

    returns   None if their writers are unknown
    """
    if held_out.writers is None:
        return None
    images = np.rint(255 * to_host(held_out.x)).astype(np.uint8)
    counts = np.ones(len(images), int) if held_out.counts is None else held_out.counts
    predictions = predict(recognizer, np.split(images, np.cumsum(counts)[:-1]))
    return measure_writers(predictions, to_host(held_out.labels), held_out.writers)


def summarize(sources: Mapping[str, WriterMetrics | None]) -> dict[str, dict[str, Any]]:
    """Return what a model file records of the metrics of each source, as JSON values.

    Sources without metrics are left out.

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
        if metrics is not None
    }
