"""Recognize digits inside a data pipeline of your own, such as one of Ray Data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.limits import DEFAULT_LIMITS, Limits
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.recognizer import Recognizer
from inkdigits.scale.tasks import Row, digit_row, error_row
from inkdigits.worker_pool import use_one_thread


class DigitPredictor:
    """Recognizes the pictures of a column: a callable class for `map_batches` of Ray Data.

    A worker makes one and calls it for many batches, so that the model is loaded once.

    column   of pictures: the contents of files, or arrays as `Recognizer.recognize` takes them
    model    as `Recognizer.load` takes it, or a recognizer, such as one for a profile
    limits   on the size of each file
    """

    def __init__(
        self,
        column: str = "bytes",
        model: str | Path | Recognizer = DEFAULT_MODEL,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        use_one_thread()  # there is a worker for each CPU
        self._column = column
        self._limits = limits
        self._recognizer = model if isinstance(model, Recognizer) else Recognizer.load(model)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Recognize a batch.

        batch    columns by name: arrays or lists of the same length
        returns  all columns but that of the pictures, and "digit" (-1 if there is none), "label",
                 "reason", "confidence" (NaN), "probabilities" (N, C) (NaN) and "error": what cannot
                 be recognized has its reason there
        raises   ValueError if there is no such column
        """
        if self._column not in batch:
            raise ValueError(
                f"there is no column {self._column!a} among {', '.join(batch)}; name that of the "
                "pictures"
            )
        rows = self._rows(batch[self._column])
        classes = len(self._recognizer.model.classes)
        probabilities = np.full((len(rows), classes), np.nan, np.float32)
        for place, row in enumerate(rows):
            if row.get("probabilities") is not None:
                probabilities[place] = row["probabilities"]
        others = {name: values for name, values in batch.items() if name != self._column}
        return {
            **others,
            "digit": np.array([_or(row.get("digit"), -1) for row in rows], np.int8),
            "label": _texts(rows, "label"),
            "reason": _texts(rows, "reason"),
            "confidence": np.array([_or(row.get("confidence"), np.nan) for row in rows], "f4"),
            "probabilities": probabilities,
            "error": _texts(rows, "error"),
        }

    def _rows(self, pictures: Sequence[Any]) -> list[Row]:
        results = self._recognizer.recognize_many(list(pictures), 1, limits=self._limits)
        return [
            error_row("", result)
            if isinstance(result, (ImageError, OSError))
            else digit_row("", result)
            for result in results
        ]


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _texts(rows: Sequence[Row], name: str) -> Any:
    """Return a column of texts; None where there is none."""
    column = np.empty(len(rows), object)
    column[:] = [row.get(name) for row in rows]
    return column
