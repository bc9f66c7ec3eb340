"""What is recognized in pictures: digits, numbers, or the fields of forms, as rows of a table.

A task is sent to each worker once. It makes the same rows of the same pictures, whoever calls it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np

from inkdigits.dataclass_json import to_json
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.inputs import to_rgba
from inkdigits.imaging.limits import LARGE_FILES, Limits
from inkdigits.numbers import Constraints, NumberPrediction, recognize_constrained
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.preprocessing_pool import CHUNK, Preprocessed
from inkdigits.recognizer import Prediction, Recognizer
from inkdigits.scale.memory import memory_errors
from inkdigits.scale.parts import Picture

if TYPE_CHECKING:
    import pyarrow as pa

Row: TypeAlias = dict[str, Any]
Outcome: TypeAlias = Literal["recognized", "rejected", "failed"]
UNREADABLE = "unreadable"  # the reason of a picture that cannot be decoded
TOO_LITTLE_MEMORY = "There is not enough memory to recognize the picture; scale it down."


class Task(Protocol):
    """What is recognized in pictures."""

    @property
    def kind(self) -> str:
        """What it is in one word, for the results."""

    @property
    def suffixes(self) -> Set[str]:
        """The endings of the files that are looked for in folders."""

    def settings(self) -> dict[str, Any]:
        """Return, as JSON, all that may change the results of a picture."""
        ...

    def schema(self) -> "pa.Schema":
        """Return the columns of the rows; the first is "key", the last is "error"."""
        ...

    def rows(self, pictures: Iterator[Picture]) -> Iterator[Row]:
        """Recognize pictures, one after the other, and yield the rows of each, in order.

        A picture that cannot be recognized is a row with the cause as its error, a sentence.
        """
        ...

    def outcome(self, row: Row) -> Outcome:
        """Return what became of the picture, or field, of a row."""
        ...


@dataclass(frozen=True)
class DigitTask:
    """Recognize the digit in each picture: a row for each."""

    recognizer: Recognizer
    limits: Limits = LARGE_FILES
    kind: str = "digits"
    suffixes: Set[str] = SUFFIXES

    def settings(self) -> dict[str, Any]:
        """Return, as JSON, all that may change the results of a picture."""
        return {"model": recognizer_settings(self.recognizer), "limits": to_json(self.limits)}

    def schema(self) -> "pa.Schema":
        """Return the columns of the rows."""
        import pyarrow as pa

        return pa.schema(
            [
                pa.field("key", pa.string(), nullable=False),
                ("digit", pa.int8()),
                ("label", pa.string()),
                ("reason", pa.string()),
                ("confidence", pa.float32()),
                ("probabilities", pa.list_(pa.float32())),
                ("error", pa.string()),
            ]
        )

    def rows(self, pictures: Iterator[Picture]) -> Iterator[Row]:
        """Recognize pictures, and yield a row for each."""
        candidates = PREPROCESSORS[self.recognizer.model.preprocessing].candidates
        # Each is preprocessed before the next is taken, so few pictures are in memory. The network
        # sees as many at a time as in `recognize_many`: the number changes the last bits.
        while chunk := [
            (picture.key, self._preprocess(picture.content, candidates))
            for picture in islice(pictures, CHUNK)
        ]:
            seen = [images for _, images in chunk if isinstance(images, np.ndarray)]
            predictions = iter(self.recognizer.predict_candidates(seen))
            for key, images in chunk:
                if isinstance(images, np.ndarray):
                    yield digit_row(key, next(predictions))
                else:
                    yield error_row(key, images)

    def outcome(self, row: Row) -> Outcome:
        """Return what became of the picture of a row."""
        if row["error"] is not None:
            return "failed"
        return "recognized" if row["label"] is not None else "rejected"

    def _preprocess(self, content: bytes | OSError, candidates: Any) -> Preprocessed | MemoryError:
        if isinstance(content, OSError):
            return content
        try:
            with memory_errors():
                images: Preprocessed = candidates(to_rgba(content, limits=self.limits))
            return images
        except (ImageError, MemoryError) as error:
            return error


@dataclass(frozen=True)
class NumberTask:
    """Recognize the number in each picture: a row for each.

    keep_separators  whether texts are as they are written, such as "$1,234.50"
    """

    recognizer: Recognizer
    constraints: Constraints
    keep_separators: bool = False
    limits: Limits = LARGE_FILES
    kind: str = "numbers"
    suffixes: Set[str] = SUFFIXES

    def settings(self) -> dict[str, Any]:
        """Return, as JSON, all that may change the results of a picture."""
        return {
            "model": recognizer_settings(self.recognizer),
            "limits": to_json(self.limits),
            "constraints": to_json(self.constraints),
            "keep_separators": self.keep_separators,
        }

    def schema(self) -> "pa.Schema":
        """Return the columns of the rows."""
        import pyarrow as pa

        return pa.schema(
            [
                pa.field("key", pa.string(), nullable=False),
                ("text", pa.string()),
                ("reason", pa.string()),
                ("confidence", pa.float32()),
                ("boxes", pa.list_(pa.list_(pa.int32()))),
                ("candidates", candidates_type()),
                ("error", pa.string()),
            ]
        )

    def rows(self, pictures: Iterator[Picture]) -> Iterator[Row]:
        """Recognize pictures, and yield a row for each."""
        for key, content in pictures:
            if isinstance(content, OSError):
                yield error_row(key, content)
                continue
            try:
                with memory_errors():
                    image = to_rgba(content, limits=self.limits)
                    number = recognize_constrained(image, self.recognizer, self.constraints)
            except (ImageError, MemoryError) as error:
                yield error_row(key, error)
                continue
            yield self._row(key, number)

    def outcome(self, row: Row) -> Outcome:
        """Return what became of the picture of a row."""
        if row["error"] is not None:
            return "failed"
        return "recognized" if row["text"] is not None else "rejected"

    def _row(self, key: str, number: NumberPrediction) -> Row:
        text = number.text if number.text is None or not self.keep_separators else number.written
        return {
            "key": key,
            "text": text,
            "reason": number.reason,
            "confidence": number.confidence,
            "boxes": [digit.box for digit in number.digits],
            "candidates": [
                {"text": each.text, "probability": each.probability} for each in number.candidates
            ],
            "error": None,
        }


def digit_row(key: str, prediction: Prediction) -> Row:
    """Make the row of a recognized digit."""
    return {
        "key": key,
        "digit": prediction.digit,
        "label": prediction.label,
        "reason": prediction.reason,
        "confidence": prediction.confidence,
        "probabilities": prediction.probabilities,
        "error": None,
    }


def error_row(key: str, error: Exception | str) -> Row:
    """Make the row of a picture that cannot be recognized; other columns are empty."""
    if isinstance(error, MemoryError):
        error = TOO_LITTLE_MEMORY
    return {"key": key, "reason": UNREADABLE, "error": describe(error)}


def describe(error: Exception | str) -> str:
    """Return an error as a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def count_outcomes(task: Task, rows: Iterator[Row], counts: Counter[str]) -> Iterator[Row]:
    """Yield rows, and count what became of them."""
    for row in rows:
        counts[task.outcome(row)] += 1
        yield row


def recognizer_settings(recognizer: Recognizer) -> dict[str, Any]:
    """Return, as JSON, what a recognizer's predictions depend on.

    One for a profile has other weights than the file of its model.
    """
    model = recognizer.model
    return {
        "file_sha256": recognizer.digest,
        "weights_sha256": hashlib.sha256(model.vector.tobytes()).hexdigest(),
        "temperature": recognizer.temperature,
        "rejection_threshold": recognizer.rejection_threshold,
    }


def candidates_type() -> "pa.DataType":
    """Return the type of a column of texts with their probabilities."""
    import pyarrow as pa

    return pa.list_(pa.struct([("text", pa.string()), ("probability", pa.float32())]))
