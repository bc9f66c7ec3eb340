"""`Client`, which waits for each response; `AsyncClient` has the same methods."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import httpx

from inkdigits.client.calls import (
    MODELS,
    NumberResult,
    Result,
    batches,
    explanation,
    number_batches,
    one,
    one_number,
)
from inkdigits.client.drawings import Drawing
from inkdigits.client.profile_client import ProfileClient
from inkdigits.client.results import Number, Prediction


class Client(ProfileClient):
    """A client of one service; use it in a `with` statement, or close it.

    base_url   address of the service
    timeout_s  how long to wait for a response
    token      of a profile, whose personal model then makes the predictions; it may be set later
    retries    how often a request is sent again that got no response, or 429, 502, 503 or 504;
               requests that change a profile are not, because they may have changed it already
    """

    def __init__(
        self, base_url: str, timeout_s: float = 30, *, token: str | None = None, retries: int = 2
    ) -> None:
        super().__init__(httpx.Client(base_url=base_url, timeout=timeout_s), retries)
        self.token = token

    def predict(self, drawing: Drawing, model: str | None = None, seen: bool = False) -> Prediction:
        """Recognize the digit in one drawing.

        drawing  the path of an image file, or its bytes; pen strokes; or pixels: 28 rows of 28
                 numbers from 0 (background) to 255 (full ink), or a NumPy array (28, 28) of uint8,
                 of uint16 up to 65,535, of bool, or of float from 0 to 1
        model    the name of the model to use; None for the service's default
        seen     whether the prediction includes the 28x28 input of the network
        raises   ServiceError; OSError if the file cannot be read; TypeError or ValueError for
                 anything else
        """
        return self._send(one(drawing, model, seen))

    def predict_many(
        self, drawings: Iterable[Drawing], model: str | None = None, seen: bool = False
    ) -> Iterator[Result]:
        """Recognize the digits in any number of drawings, in requests of up to 32.

        drawings, model, seen   as `predict` takes them
        returns                 for each drawing, in order, the prediction, or the ServiceError or
                                the OSError because of which there is none
        raises                  ServiceError if a whole request fails; TypeError or ValueError
        """
        for call in batches(drawings, model, seen):
            if isinstance(call, OSError):
                yield call
            else:
                yield from self._send(call)

    def recognize_number(
        self,
        drawing: Drawing,
        model: str | None = None,
        *,
        length: int | None = None,
        pattern: str | None = None,
        choices: Iterable[str] | None = None,
        checksum: str | None = None,
    ) -> Number:
        """Recognize the number in one drawing: several digits, side by side.

        drawing   the path of an image file, or its bytes; or pen strokes
        model     as `predict` takes it, of digits
        length    how many digits the number has, 1 to 20
        pattern   a regular expression for all of its digits, such as "[1-6]\\d{3}"
        choices   the numbers that are possible, each a text of digits
        checksum  "luhn", "ean", "mod97", "damm" or "verhoeff", which its last digits satisfy
        raises    as `predict`
        """
        known = {"length": length, "pattern": pattern, "choices": choices, "checksum": checksum}
        return self._send(one_number(drawing, model, known))

    def recognize_numbers(
        self,
        drawings: Iterable[Drawing],
        model: str | None = None,
        *,
        length: int | None = None,
        pattern: str | None = None,
        choices: Iterable[str] | None = None,
        checksum: str | None = None,
    ) -> Iterator[NumberResult]:
        """Recognize the numbers in any number of drawings, in requests of up to 32.

        The constraints are those of all drawings; all arguments are as `recognize_number` takes
        them, and the results as those of `predict_many`.
        """
        known = {"length": length, "pattern": pattern, "choices": choices, "checksum": checksum}
        for call in number_batches(drawings, model, known):
            if isinstance(call, OSError):
                yield call
            else:
                yield from self._send(call)

    def explain(
        self,
        drawing: Drawing,
        model: str | None = None,
        *,
        parts: Iterable[str] | None = None,
        target: str | None = None,
        unit: tuple[int, Sequence[int]] | None = None,
        preprocess: bool = True,
    ) -> dict[str, Any]:
        """Explain the prediction for one drawing.

        drawing, model  as `predict` takes them
        parts           "steps", "layers", "weights", "saliency", "occlusion", "change",
                        "neighbors", "rejection"; None for the first two and saliency
        target          name of the class to explain; None is the most likely one
        unit            the layer and the index of a unit to explain, such as (1, (5, 12, 3))
        preprocess      False only scales the drawing to 28x28
        returns         the object that docs/api.md describes: arrays are flat lists
        raises          as `predict`
        """
        options = {"parts": parts, "target": target, "unit": unit, "preprocess": preprocess}
        return self._send(explanation(drawing, model, options))

    def models(self) -> list[dict[str, Any]]:
        """Describe the models being served; raises ServiceError."""
        return self._send(MODELS)

    def close(self) -> None:
        """Close the connections to the service."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
